"""The meal rush on the real agent, broker and centre: right to the tenge under each of its faults.

The long run is `python -m bench rush`; these are the same with fewer children and fewer kills.
"""

from __future__ import annotations

import pytest

from simulator.rush import USES, Rush, Settings
from simulator.rush_run import result_of
from tests.school_day.conftest import MakeSchool

SMALL = Settings(seconds=4.0, pupils=300, eaters=24, seed=3)


@pytest.mark.parametrize(
    "settings",
    [SMALL._replace(kills=5, untrusted=True), SMALL._replace(replaced=True)],
    ids=["killed, clock not trusted", "box replaced"],
)
async def test_every_meal_is_counted_once(make_school: MakeSchool, settings: Settings) -> None:
    rush = Rush(await make_school(uses=USES, kernel_clock=True), settings)
    await rush.run()
    result = await result_of(rush)
    assert result["wrong"] == []
    assert result["children"] == len(rush.roll.eaters()) == settings.eaters
    assert result["statements"] == 1
    assert result["stored_meals"] >= settings.eaters
    assert {"unknown_card", "blocked_card", "no_entitlement", "already_eaten"} <= result["refused"].keys()
    assert rush.kills == settings.kills
    assert {"A", "G", "R", "U"} <= result["lights"].keys()
