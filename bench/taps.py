"""From the last bit of a card to the green light, on the real daemon and a paced serial line.

Idle; beside a million-row backlog that drains; with every fsync 50 ms late (strace delays the call's return). The
peer is the loop that measures: its own wake-ups are in every figure. Broker and centre leave the processor to the box:
in a city they run on other machines.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from bench.drain import box
from bench.figure import Figure, median, p99
from simulator.school import School

TAPS = 400
BACKLOG = 1_000_000
IDLE_MS, MORE_MS = 5.0, 10.0
FSYNC_MS = 50.0
PATIENCE_S = 2.5
STRACE = [
    "strace", "-D", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=fdatasync,fsync",
    "-e", f"inject=fdatasync,fsync:delay_exit={FSYNC_MS * 1e3:.0f}",
]  # fmt: skip


async def measure(folder: Path) -> list[Figure]:
    idle = await _taps(folder)
    busy = await _taps(folder, backlog=BACKLOG)
    slow = await _taps(folder, wrapper=STRACE, taps=TAPS // 4)
    limit = p99(idle) + MORE_MS
    return [
        _figure("tap to green light, p99, idle", idle, IDLE_MS, f"<= {IDLE_MS:.0f} ms"),
        _figure("tap to green light, p99, beside a draining backlog of 1,000,000", busy, limit, "<= idle + 10 ms"),
        _figure("tap to green light, p99, fsync of 50 ms", slow, 2 * FSYNC_MS + p99(idle), "<= two fsyncs, and idle"),
    ]


def _figure(name: str, taken_ms: list[float], limit_ms: float, target: str) -> Figure:
    value = p99(taken_ms)
    return Figure(
        figure=name, value=value, unit="ms", limit_or_peer=f"{limit_ms:.1f} ms; median {median(taken_ms):.2f} ms",
        ratio=value / limit_ms, target=target, met=value <= limit_ms, range=(min(taken_ms), max(taken_ms)),
        runs=len(taken_ms),
    )  # fmt: skip


async def _taps(folder: Path, *, backlog: int = 0, wrapper: list[str] | None = None, taps: int = TAPS) -> list[float]:
    """Milliseconds of each tap; raises RuntimeError if one got no green light."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        school = School(Path(name), direct=True, keep_days=0, far=True, wrapper=wrapper)
        try:
            await school.make()
            if backlog:
                await box(school, "fill", backlog)
            await school.start()
            await online(school)
            return await show(school, taps, while_owed=bool(backlog))
        finally:
            await school.stop()


async def online(school: School) -> None:
    while school.status().get("link", {}).get("state") != "online":
        await asyncio.sleep(0.02)


async def show(school: School, taps: int, *, while_owed: bool) -> list[float]:
    reader, rng = school.readers[1], random.Random(1)  # IronLogic: it does not repeat a held card
    for number in range(1, taps + 1):
        light = await reader.show(bytes([0x6F]) + number.to_bytes(4, "big"), PATIENCE_S)
        if light != "G":
            raise RuntimeError(f"tap {number} was not green but {light or 'without a light'}")
        if while_owed and not _owed(school):
            break  # what follows would be idle
        await asyncio.sleep(rng.uniform(0.002, 0.03))
    return reader.latency_ms


def _owed(school: School) -> bool:
    lane = school.status().get("lanes", {}).get("record", {"last": 1, "settled": 0})
    return bool(lane["last"] - lane["settled"] > 1_000)
