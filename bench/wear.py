"""How a box wears its card: bytes that reach the disk, idle and for each child, and how long a card would last.

Measured  at a block device of its own with ext4, under the state folder alone: database, log, checkpoints, the files of
          keys and evidence, and what the file system's journal adds. That wants root; else the kernel's count of the
          process, which has no journal. The live picture lies in memory, as in /run of a box.
Counted   a tap has its commit, its upload, its receipt and its removal, at the pace of a rush; what the idle box writes
          meanwhile is taken off. Delivered rows go at once here, not after a week: their removal is in the figure.
Not       the system's own log: the daemon says nothing while nothing changes. No flash was written, no card was worn:
          what a byte costs the flash, and what the flash endures, are assumed, below.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.city_day import BELLS, MEALS, PUPILS, REFUSED
from bench.figure import Figure
from bench.proc import written_bytes
from simulator.card_reader import CardReader
from simulator.rush import Rush, Settings
from simulator.school import School

CARD_GB = 32
CYCLES = 1_000  # assumed: an ordinary card of three-bit cells; a high-endurance one names three times that and more
AMPLIFICATION = (
    4.0  # assumed: what must be durable at once is 4 KiB or little more, and a page of such flash has 16 KiB
)
ENDURES_BYTES = CARD_GB * 1e9 * CYCLES

USES = {"canteen-1": 'purpose = "meals"', "canteen-2": 'purpose = "entrance"'}
IMAGE_MB = 256
SETTLED_S, IDLE_S = 45.0, 180.0
TAPS, PACE_S, LAST_S = 40, 1.5, 35.0  # LAST_S: the checkpoint after the last tap
PATIENCE_S = 5.0
DAY_H = 24
SECTOR = 512
MEMORY = "/dev/shm"


class Written(NamedTuple):
    """Bytes since the beginning: at the device, or 0 without one; and by the process, as the kernel counts."""

    card: int
    process: int

    def since(self, before: Written) -> Written:
        return Written(self.card - before.card, self.process - before.process)

    def without(self, other: Written, share: float) -> Written:
        return Written(self.card - round(other.card * share), self.process - round(other.process * share))

    @property
    def best(self) -> int:
        return self.card or self.process


class Worn(NamedTuple):
    """What was measured."""

    idle: Written  # in IDLE_S
    meals: Written  # of TAPS
    passages: Written


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name, tempfile.TemporaryDirectory(dir=MEMORY) as memory:
        school = School(Path(name), direct=True, uses=USES, kernel_clock=True, keep_days=0)
        (school.box / "state").mkdir(parents=True)
        (school.box / "run").symlink_to(memory)
        device = _mounted(Path(name) / "card", school.box / "state")
        try:
            await school.make()
            return figures_of(await _worn(school, device), at_the_device=bool(device))
        finally:
            await school.stop()
            if device:
                subprocess.run(["umount", str(school.box / "state")], check=False)


def _mounted(image: Path, where: Path) -> str:
    """The device's name; empty if only root could."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        return ""
    image.touch()
    os.truncate(image, IMAGE_MB * 1_000_000)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    if subprocess.run(["mount", "-o", "loop,noatime", str(image), str(where)], check=False).returncode:
        return ""
    found = subprocess.run(["findmnt", "-no", "SOURCE", str(where)], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()).name


async def _worn(school: School, device: str) -> Worn:
    rush = Rush(school, Settings())
    await rush.prepare()
    eaters = rush.roll.eaters()

    async def within(seconds: float, reader: CardReader | None = None) -> Written:
        before = await _written(school, device)
        if reader is None:
            await asyncio.sleep(seconds)
        else:
            await _come(reader, [child.cards[0] for child in eaters[:TAPS]])
        return (await _written(school, device)).since(before)

    await asyncio.sleep(SETTLED_S)
    idle = await within(IDLE_S)
    share = (TAPS * PACE_S + LAST_S) / IDLE_S
    meals, passages = [(await within(0, reader)).without(idle, share) for reader in school.readers]
    return Worn(idle, meals, passages)


async def _come(reader: CardReader, cards: Sequence[bytes]) -> None:
    """Children, one after the other. Raises RuntimeError if one is not welcome."""
    for card in cards:
        next_s = asyncio.get_running_loop().time() + PACE_S
        light = await reader.show(card, PATIENCE_S)
        if light != "G":
            raise RuntimeError(f"{reader.name} shows {light or 'nothing'}")
        await asyncio.sleep(max(0.0, next_s - asyncio.get_running_loop().time()))
    await asyncio.sleep(LAST_S)


async def _written(school: School, device: str) -> Written:
    """What is on its way to the device gets there first."""
    process = written_bytes(school.agent.pid)
    if not device:
        return Written(0, process)
    await asyncio.to_thread(subprocess.run, ["sync", "-f", str(school.box / "state")], check=True)
    return Written(int(Path(f"/sys/block/{device}/stat").read_text().split()[6]) * SECTOR, process)


def figures_of(worn: Worn, *, at_the_device: bool) -> list[Figure]:
    """A day is an idle one and the children's taps; years of a card follow from what is assumed."""
    how = "at the block device" if at_the_device else "by the process, without the journal"
    hour = worn.idle.best * 3_600 / IDLE_S
    meal, passage = worn.meals.best / TAPS, worn.passages.best / TAPS
    idle_day = hour * DAY_H
    school_day = idle_day + (MEALS + REFUSED) * meal + (2 * PUPILS + BELLS) * passage
    taps = f"{MEALS + REFUSED} meals, {2 * PUPILS} passages, {BELLS} bells"
    return [
        _bytes("card: written by an idle box, an hour", hour / 1e6, "MB", how, worn.idle, 3_600 / IDLE_S / 1e6, 1),
        _bytes("card: written for a meal, tap to removed", meal / 1e3, "kB", how, worn.meals, 1 / TAPS / 1e3, TAPS),
        _bytes("card: written for a passage", passage / 1e3, "kB", how, worn.passages, 1 / TAPS / 1e3, TAPS),
        _day("card: written by an idle box, a day", idle_day, "the hour's"),
        _day("card: written on a usual school day", school_day, f"{taps}; idle {idle_day / 1e6:.0f} MB of it"),
        _life("card: life with an idle box", idle_day),
        _life("card: life with a school day every day", school_day),
    ]


def _bytes(name: str, value: float, unit: str, how: str, written: Written, scale: float, runs: int) -> Figure:
    peer = f"{how}; by the process {written.process * scale:.3g} {unit}"
    return Figure(figure=name, value=value, unit=unit, limit_or_peer=peer, ratio=None, target="", met=None, runs=runs)


def _day(name: str, day_bytes: float, of: str) -> Figure:
    return Figure(
        figure=name, value=day_bytes / 1e6, unit="MB", limit_or_peer=of, ratio=None, target="printed", met=None
    )


def _life(name: str, day_bytes: float) -> Figure:
    years = ENDURES_BYTES / (day_bytes * AMPLIFICATION) / 365
    return Figure(
        figure=name, value=years, unit="years", ratio=None, target="printed", met=None,
        limit_or_peer=f"assumed: {CARD_GB} GB endure {ENDURES_BYTES / 1e12:.0f} TB, a byte costs {AMPLIFICATION:g}",
    )  # fmt: skip
