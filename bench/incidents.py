"""A hundred kill -9 of the agent while fires begin, are answered and end: what the centre holds of each incident."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.figure import Figure
from simulator.day_school import USES
from simulator.incident_kills import killed
from simulator.school import School

KILLS = 100
SEED = 7


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        school = School(Path(name), direct=True, uses=USES, kernel_clock=True)
        try:
            await school.make()
            result = await killed(school, KILLS, SEED)
        finally:
            await school.stop()
    for line in result["wrong"]:
        print(f"WRONG  {line}")
    incidents, wrong = result["incidents"], len(result["wrong"])
    return [
        Figure(
            figure=f"incidents lost, told twice for one step, or without an owner after {KILLS} kills of the agent",
            value=wrong, unit="incidents", ratio=None, target="0", met=wrong == 0, runs=KILLS,
            limit_or_peer=f"{len(incidents['cases'])} incidents, {incidents['told']} tellings",
        )
    ]  # fmt: skip
