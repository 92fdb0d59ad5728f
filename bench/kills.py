"""A hundred kill -9 at random moments, and whether the centre still holds exactly what happened."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from bench.figure import Figure
from simulator.kills import Kills
from simulator.school import School

KILLS = 100
SEED = 7


async def measure(folder: Path) -> list[Figure]:
    return [
        _figure("SQLite centre", await _killed(folder, postgres=False)),
        _figure("PostgreSQL centre", await _killed(folder, postgres=True)),
    ]


def _figure(centre: str, result: dict[str, Any]) -> Figure:
    wrong = len(result["wrong"])
    return Figure(
        figure=f"lost, repeated, altered or receipted but missing after {KILLS} kills, {centre}", value=wrong,
        unit="events", limit_or_peer=f"{result['green']} green taps, {result['events_stored']} events stored",
        ratio=None, target="0", met=wrong == 0, runs=KILLS,
    )  # fmt: skip


async def _killed(folder: Path, *, postgres: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        school = School(Path(name), postgres=postgres, direct=True)
        try:
            await school.make()
            await school.start()
            return await Kills(school, seed=SEED).run(KILLS)
        finally:
            await school.stop()
