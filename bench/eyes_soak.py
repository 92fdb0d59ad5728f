"""Eight cameras watched for as long as you like: whether the memory of daemon, cameras and eyes grows.

Box       as at a school: broker, receivers and database of a centre, a clock that is trusted, recipients for whom
          stills and clips are sealed, two readers and a panel.
Measured  memory of each process that no file holds, what several share counted in parts (Pss_Anon and Pss_Shmem),
          each EACH_S: what libraries take depends on who else has them open. The first WARM_MINUTES are left out: pools
          and caches fill once. Slope by least squares over the means of BLOCKS parts, since samples that follow each
          other are alike; its range is Student's, 95 %.
Streams   files of 640 by 360 at 15 a second: somebody walks, nobody, a cloth over the lens; so that the networks work,
          suspicions are told, stills made, blurred and sealed. A camera's packets in memory come and go with the file's
          beginning, and freed memory is given back each half minute: the file is as long as makes every moment of the
          one meet every moment of the other within minutes. With 57 s it took 20, and half of that looks like growth.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from agent.ops import status
from bench.figure import Figure
from bench.kept import until
from bench.proc import proportional_bytes, unshared_bytes
from simulator.scenes import Sight, write_video
from simulator.school import SCHOOL, School

CAMERAS = 8
EACH_S = 10.0
WARM_MINUTES = 20.0
BLOCKS = 12
STUDENT = 2.228  # 95 % of Student's t lie within it, at BLOCKS - 2 degrees of freedom
LIMIT_MB = 8.0  # an hour, and no more may be within the range: a hundredth of what all of them may have
SCENES = [(Sight.CLEAR, 20), (Sight.EMPTY, 8), (Sight.CLOTH, 9), (Sight.CLEAR, 10)]
CAMERA = """
[[camera]]
name = "camera-{number}"
driver = "file"
file = "{folder}/scenes.mkv"
sees = ["tamper", "fire", "fight", "people"]
"""


class Growth(msgspec.Struct, frozen=True):
    """Of one process, or of all together."""

    name: str
    first_mb: float
    last_mb: float
    an_hour: float  # MB
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.name} {self.an_hour:+.2f} ({self.least:+.2f} to {self.most:+.2f}) at {self.last_mb:.1f} MB"


class Held(msgspec.Struct):
    """What was seen of the processes, by name, and what went on meanwhile."""

    samples_mb: dict[str, list[float]] = {}
    pids: dict[str, set[int]] = {}
    whole_mb: float = 0.0  # of all together at the end, with what lies in files
    told: int = 0  # readings of the eyes

    def take(self, processes: dict[str, int]) -> None:
        for name, pid in processes.items():
            self.samples_mb.setdefault(name, []).append(unshared_bytes(pid) / 1e6)
            self.pids.setdefault(name, set()).add(pid)

    @property
    def restarts(self) -> int:
        return sum(len(pids) - 1 for pids in self.pids.values())


async def measure(folder: Path, minutes: float) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        here = Path(name)
        write_video(here / "scenes.mkv", SCENES, width=640, height=360, rate=15)
        cameras = "".join(CAMERA.format(number=number, folder=here) for number in range(CAMERAS))
        school = School(here, direct=True, kernel_clock=True, more=cameras)
        try:
            await school.make()
            school.trust_clock()
            await school.start()
            await school.city.name_recipient(SCHOOL)
            held = await _held(school.box / "run/status.json", minutes)
        finally:
            await school.stop()
    return [figure(held, minutes)]


async def _held(live: Path, minutes: float) -> Held:
    await until(lambda: (found := status.read(live)) is not None and len(found.eyes) == CAMERAS)
    await asyncio.sleep(WARM_MINUTES * 60)
    held = Held()
    for _ in range(round(minutes * 60 / EACH_S)):
        begun_s = time.monotonic()
        if (found := status.read(live)) is not None:
            held.take(_processes(found))
        await asyncio.sleep(max(0.0, EACH_S - (time.monotonic() - begun_s)))
    if (found := status.read(live)) is not None:
        held.told = found.sources["eyes"].readings
        held.whole_mb = sum(proportional_bytes(pid) for pid in _processes(found).values()) / 1e6
    return held


def _processes(found: status.Status) -> dict[str, int]:
    """Daemon, eyes and cameras by their numbers."""
    cells = {name: source.cell.pid for name, source in found.sources.items() if source.cell}
    return {"daemon": found.pid} | cells


def figure(held: Held, minutes: float) -> Figure:
    """All together; beside them daemon, eyes, and the camera that grew most."""
    whole = min(len(one) for one in held.samples_mb.values())
    together = growth("all", [sum(one[at] for one in held.samples_mb.values()) for at in range(whole)], minutes)
    of_each = [growth(name, one, minutes) for name, one in held.samples_mb.items()]
    cameras = [one for one in of_each if one.name.startswith("camera-")]
    shown = [*(one for one in of_each if one not in cameras), max(cameras, key=lambda one: one.an_hour)]
    return Figure(
        figure=f"{CAMERAS} busy streams watched for {minutes:g} minutes after {WARM_MINUTES:g}: memory of daemon, "
        "cameras and eyes, growth an hour",
        value=together.an_hour, unit="MB", range=(together.least, together.most),
        limit_or_peer=f"{LIMIT_MB:g} MB; {together.first_mb:.1f} MB at first, {together.last_mb:.1f} at the end, "
        f"{held.whole_mb:.0f} with files (PSS); {'; '.join(map(str, shown))}; {held.told} readings of the eyes, "
        f"{held.restarts} restarts",
        ratio=None, target=f"no growth within its range, and that below {LIMIT_MB:g} MB; no restart",
        met=together.least <= 0 and together.most <= LIMIT_MB and not held.restarts, runs=whole,
    )  # fmt: skip


def growth(name: str, samples: Sequence[float], minutes: float) -> Growth:
    """Of evenly spaced samples over so many minutes."""
    if len(samples) < BLOCKS:
        raise ValueError(f"{len(samples)} samples of {name} are too few: watch for longer")
    bounds = [round(at * len(samples) / BLOCKS) for at in range(BLOCKS + 1)]
    hours = minutes / 60 / len(samples)  # from sample to sample
    x = [hours * (begin + end - 1) / 2 for begin, end in pairwise(bounds)]
    y = [sum(samples[begin:end]) / (end - begin) for begin, end in pairwise(bounds)]
    x_mean, y_mean = sum(x) / BLOCKS, sum(y) / BLOCKS
    spread = sum((one - x_mean) ** 2 for one in x)
    slope = sum((one - x_mean) * (other - y_mean) for one, other in zip(x, y, strict=True)) / spread
    left = sum((other - y_mean - slope * (one - x_mean)) ** 2 for one, other in zip(x, y, strict=True))
    error = STUDENT * math.sqrt(left / (BLOCKS - 2) / spread)
    return Growth(name, y[0], y[-1], slope, slope - error, slope + error)
