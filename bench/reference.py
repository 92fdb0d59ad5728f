"""A school of 3,000 pupils from its files to its box: load, publish, held; and one card blocked.

Real broker over TLS, real receivers, the centre's own commands as processes; the box's link runs in this process, and
how long its loop stands still meanwhile is how long a tap could have waited for the update.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from agent.reference import Reference
from bench.figure import Figure, median
from bench.kept import until
from bench.open_box import open_box
from simulator.processes import output
from simulator.school import SCHOOL, School
from simulator.school_files import write_school

PUPILS, RUNS = 3_000, 5
HELD_S, STALL_MS = 5.0, 25.0
LOOK_S = 0.002
DATASETS = ("cards", "calendar", "meals", "clubs", "duty")


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        school = School(Path(name), direct=True)
        try:
            await school.make()
            await school.city.start()
            return await _measure(school, Path(name))
        finally:
            await school.city.stop()


async def _measure(school: School, folder: Path) -> list[Figure]:
    load_s, held_s, blocked_s, calm_ms, stalls_ms, sizes = [], [], [], [], [], []
    async with open_box(school.box / "agent.toml", random.Random(1)) as (_, link, reference):
        running = asyncio.create_task(link.run())
        await until(lambda: link.snapshot().state == "online")
        for run in range(RUNS):
            write_school(folder / "files", PUPILS, blocked=[2 * run + 1])
            async with _stalls() as calm:  # the centre works as much, and nothing comes to the box
                load_s.append(await _timed(school, "load", SCHOOL, str(folder / "files")))
            calm_ms.append(max(calm) * 1e3)
            async with _stalls() as stalls:
                seconds, size = await _held(school, reference, DATASETS, "publish", SCHOOL, "--again")
            held_s.append(seconds)
            sizes.append(size)
            stalls_ms.append(max(stalls) * 1e3)
            write_school(folder / "files", PUPILS, blocked=[2 * run + 1, 2 * run + 2])
            words = ("load", SCHOOL, str(folder / "files"), "--publish")
            blocked_s.append((await _held(school, reference, ("cards",), *words))[0])
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    limit_ms = median(calm_ms) + STALL_MS
    return [
        Figure(
            figure=f"{PUPILS} pupils: files checked and loaded", value=median(load_s), unit="s",
            limit_or_peer="with the start of the command", ratio=None, target="", met=None,
            range=(min(load_s), max(load_s)), runs=RUNS,
        ),
        Figure(
            figure=f"{PUPILS} pupils: publish to held by the box, all datasets", value=median(held_s), unit="s",
            limit_or_peer=f"{HELD_S:.0f} s; {max(sizes)} bytes", ratio=median(held_s) / HELD_S,
            target=f"<= {HELD_S:.0f} s", met=max(held_s) <= HELD_S, range=(min(held_s), max(held_s)), runs=RUNS,
        ),
        Figure(
            figure=f"{PUPILS} pupils: one card blocked, from the files to held by the box", value=median(blocked_s),
            unit="s", limit_or_peer=f"{HELD_S:.0f} s", ratio=median(blocked_s) / HELD_S, target=f"<= {HELD_S:.0f} s",
            met=max(blocked_s) <= HELD_S, range=(min(blocked_s), max(blocked_s)), runs=RUNS,
        ),
        Figure(
            figure=f"{PUPILS} pupils: the longest that the box's loop stood still meanwhile", value=median(stalls_ms),
            unit="ms", limit_or_peer=f"{limit_ms:.1f} ms; nothing comes: {median(calm_ms):.1f} ms",
            ratio=median(stalls_ms) / limit_ms, target=f"<= while nothing comes + {STALL_MS:.0f} ms",
            met=median(stalls_ms) <= limit_ms, range=(min(stalls_ms), max(stalls_ms)), runs=RUNS,
        ),
    ]  # fmt: skip


async def _command(school: School, *words: str) -> str:
    """What it printed. Raises RuntimeError if it failed."""
    code, said = await output(school.city.command("school-data", *words))
    if code:
        raise RuntimeError(f"mektep-centre school-data {words[0]} ended with {code}: {said[-2000:]}")
    return said


async def _timed(school: School, *words: str) -> float:
    began_s = time.monotonic()
    await _command(school, *words)
    return time.monotonic() - began_s


async def _held(school: School, reference: Reference, datasets: tuple[str, ...], *words: str) -> tuple[float, int]:
    """Seconds from the command's start until the box holds what it published, and how many bytes that was."""
    began_s, before = time.monotonic(), reference.versions()
    said = await _command(school, *words)
    await until(lambda: all(reference.versions().get(name) != before.get(name) for name in datasets))
    return time.monotonic() - began_s, sum(int(one) for one in re.findall(r"(\d+) bytes", said))


@contextlib.asynccontextmanager
async def _stalls() -> AsyncIterator[list[float]]:
    """How late this loop was, each time that somebody wanted to be woken."""
    late: list[float] = [0.0]

    async def watch() -> None:
        while True:
            due_s = time.monotonic() + LOOK_S
            await asyncio.sleep(LOOK_S)
            late.append(time.monotonic() - due_s)

    watching = asyncio.create_task(watch())
    try:
        yield late
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
