"""From an alarm that is handed to the outbox to the moment when another process sees it committed at the centre.

While a backlog drains: on loopback, and over a line of 1 Mbit/s and 100 ms one way. The watcher looks at the centre's
database each few milliseconds, so that the figure is an upper bound.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

from bench.drain import box
from bench.figure import Figure, median, p99
from simulator.school import SCHOOL, School

LOOK_S = 0.004
LOOPBACK = (1_000_000, 0.0, 250.0)  # backlog, seconds at most, target in ms
SHAPED = (200_000, 60.0, 1_500.0)
BITS_PER_S, DELAY_S = 1e6, 0.1


async def measure(folder: Path) -> list[Figure]:
    return [
        await _alarms(folder, "alarm accept to centre COMMIT, p99, during a drain, loopback", *LOOPBACK, shaped=False),
        await _alarms(
            folder, "alarm accept to centre COMMIT, p99, during a drain, 1 Mbit/s and 100 ms", *SHAPED, shaped=True
        ),
    ]


async def _alarms(folder: Path, name: str, backlog: int, seconds: float, target_ms: float, *, shaped: bool) -> Figure:
    with tempfile.TemporaryDirectory(dir=folder) as path:
        school = School(Path(path), direct=not shaped, keep_days=0)
        try:
            await school.make()
            await school.city.start()
            if shaped:
                school.line.bits_per_s, school.line.delay_s = BITS_PER_S, DELAY_S
                await school.line.start()
            seen: dict[int, int] = {}
            watcher = asyncio.create_task(watch(school, seen))
            found = await box(school, "alarms", backlog, *([seconds] if seconds else []))
            await until_seen(seen, int(found["alarms"]))
            watcher.cancel()
            found_ms = taken_ms(await school.city.events(SCHOOL), seen)
        finally:
            await school.city.stop()
            if shaped:
                await school.line.stop()
    value = p99(found_ms)
    return Figure(
        figure=name, value=value, unit="ms", limit_or_peer=f"{target_ms:.0f} ms; median {median(found_ms):.1f} ms",
        ratio=value / target_ms, target=f"<= {target_ms:.0f} ms", met=value <= target_ms,
        range=(min(found_ms), max(found_ms)), runs=len(found_ms),
    )  # fmt: skip


async def watch(school: School, seen: dict[int, int]) -> None:
    """Sequence to the moment (CLOCK_BOOTTIME) when it was first seen committed."""
    while True:
        _, highest = school.city.stored("alarm")
        now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        for sequence in range(len(seen) + 1, highest + 1):
            seen[sequence] = now_ns
        await asyncio.sleep(LOOK_S)


async def until_seen(seen: dict[int, int], alarms: int) -> None:
    """The last ones may still be on their way when the box ends."""
    deadline = time.monotonic() + 3
    while len(seen) < alarms - 2 and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_S)


def taken_ms(events: list[str], seen: dict[int, int]) -> list[float]:
    decoded = [json.loads(event) for event in events if "kz.mektep.fire.zone" in event]
    begun = {int(event["sequence"]): int(event["monotonic"]) for event in decoded}
    return [(seen[sequence] - begun[sequence]) / 1e6 for sequence in begun if sequence in seen]
