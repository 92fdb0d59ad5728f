"""Rounds of faults at every device: in a round each fails and heals once.

What must not grow: memory, descriptors and processes of the daemon and of its cells. The first rounds warm up: pools
and caches fill once. The peer is the same box after them.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from bench.figure import Figure, median
from bench.proc import descriptors, resident_bytes
from simulator.device_faults import DEVICE_FAULTS
from simulator.fault import Fault
from simulator.school import School

ROUNDS = 24
WARM = 4
FAULT_S = 0.6  # how long a fault lasts at least; it is noticed before it is mended
PATIENCE_S = 60.0
CALM_S = 5.0  # so that a killed cell lives long enough to be no repeated fall
GROWN_MB = 8.0  # between the medians of the first and the last quarter: an allocator's breath, not a leak a round
QUARTER = 6


class Holding(NamedTuple):
    """What the daemon and its children hold at one moment, all devices working."""

    memory_mb: float
    files: int
    processes: int


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        school = School(Path(name), direct=True, every_kind=True)
        try:
            await school.make()
            await school.start()
            faults = [fault for fault in DEVICE_FAULTS if not fault.needs(school)]
            held = [await _round(school, faults) for _ in range(WARM + ROUNDS)][WARM:]
        finally:
            await school.stop()
    grown_mb = median([one.memory_mb for one in held[-QUARTER:]]) - median([one.memory_mb for one in held[:QUARTER]])
    more_files, more_processes = held[-1].files - held[0].files, held[-1].processes - held[0].processes
    what = f"{ROUNDS} rounds of {len(faults)} device faults"
    return [
        _figure(f"memory grown over {what}", grown_mb, "MB", GROWN_MB, f"{held[0].memory_mb:.0f} MB after {WARM}"),
        _figure(f"descriptors grown over {what}", more_files, "", 0, f"{held[0].files} after {WARM}"),
        _figure(f"processes grown over {what}", more_processes, "", 0, f"{held[0].processes} after {WARM}"),
    ]


def _figure(name: str, value: float, unit: str, limit: float, before: str) -> Figure:
    return Figure(
        figure=name, value=value, unit=unit, limit_or_peer=f"{limit:g}; {before} rounds", ratio=None,
        target=f"<= {limit:g}", met=value <= limit, runs=ROUNDS,
    )  # fmt: skip


async def _round(school: School, faults: list[Fault]) -> Holding:
    """Each fault once; what is held when every device works again."""
    for fault in faults:
        await fault.begin(school)
        await asyncio.sleep(FAULT_S)
        await fault.end(school)
    await _all_work(school)
    return _held(school.agent.pid)


async def _all_work(school: School) -> None:
    """In pictures that were taken after the faults, for as long as CALM_S. Raises TimeoutError with who does not."""
    loop = asyncio.get_running_loop()
    calm_s, deadline = loop.time(), loop.time() + PATIENCE_S
    while loop.time() < calm_s + CALM_S:
        sources = school.status().get("sources", {})
        ill = {name: one["code"] or one["state"] for name, one in sources.items() if not _works(one)}
        if ill or not sources:
            calm_s = loop.time()
        if loop.time() > deadline:
            raise TimeoutError(f"not healed after {PATIENCE_S:.0f} s: {ill}")
        await asyncio.sleep(0.1)


def _works(source: dict[str, Any]) -> bool:
    """And its cell, if it has one, is there."""
    cell = source.get("cell")
    return bool(source["state"] == "working" and (cell is None or Path(f"/proc/{cell['pid']}").exists()))


def _held(pid: int) -> Holding:
    family = _family(pid)
    return Holding(
        memory_mb=sum(resident_bytes(one) for one in family) / 1e6,
        files=sum(descriptors(one) for one in family),
        processes=len(family),
    )


def _family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]
