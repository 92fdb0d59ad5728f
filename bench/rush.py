"""The meal rush: kill -9 of the agent at random moments of it, and the canteen's light for 600 of 3,000 pupils.

The line to the centre is down, the rules and the ledger are on, the school's data come from the centre. The light's
time is counted from the last bit of the card; broker and centre leave the processor to the box: in a city they run on
other machines.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path
from typing import Any

from bench.figure import Figure, median, p99
from simulator.rush import USES, Rush, Settings
from simulator.rush_run import result_of
from simulator.school import School

KILLS, KILL_EVERY_S = 100, 2.0
LIGHT_MS = 10.0
PATIENCE_S = 2.5


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        lights = _lights(await _shown(School(Path(name), uses=USES, kernel_clock=True, far=True)))
    with tempfile.TemporaryDirectory(dir=folder) as name:
        killed = _killed(await _rushed(School(Path(name), uses=USES, kernel_clock=True)))
    return [lights, killed]


def _lights(taken_ms: list[float]) -> Figure:
    value = p99(taken_ms)
    return Figure(
        figure="tap to light, p99, 3,000 pupils, meal rule, line down, ledger on", value=value, unit="ms",
        limit_or_peer=f"{LIGHT_MS:.0f} ms; median {median(taken_ms):.2f} ms", ratio=value / LIGHT_MS,
        target=f"<= {LIGHT_MS:.0f} ms", met=value <= LIGHT_MS, range=(min(taken_ms), max(taken_ms)),
        runs=len(taken_ms),
    )  # fmt: skip


def _killed(result: dict[str, Any]) -> Figure:
    wrong = len(result["wrong"])
    return Figure(
        figure=f"lost or doubled meals, or other differences, after {KILLS} kills in the rush", value=wrong,
        unit="differences", ratio=None, target="0", met=wrong == 0, runs=KILLS,
        limit_or_peer=f"{result['stored_meals']} meals, {result['stored_tenge']} tenge, by the audit, too",
    )  # fmt: skip


async def _shown(school: School) -> list[float]:
    """Milliseconds of each light; raises RuntimeError if one is not green."""
    try:
        await school.make()
        rush = Rush(school, Settings())
        await rush.prepare()
        school.line.refusing = True
        school.line.cut()
        reader, chance = school.readers[1], random.Random(1)  # IronLogic: it does not repeat a held card
        for child in rush.roll.eaters():
            light = await reader.show(child.cards[0], PATIENCE_S)
            if light != "G":
                raise RuntimeError(f"{child.id} was not green but {light or 'without a light'}")
            await asyncio.sleep(chance.uniform(0.002, 0.03))
        return reader.latency_ms
    finally:
        await school.stop()


async def _rushed(school: School) -> dict[str, Any]:
    try:
        await school.make()
        rush = Rush(school, Settings(seconds=KILLS * KILL_EVERY_S, kills=KILLS))
        await rush.run()
        return await result_of(rush)
    finally:
        await school.stop()
