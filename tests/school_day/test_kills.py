"""kill -9 of agent, broker, receivers and database at random moments: nothing lost, repeated, altered or missing.

The long run is `python -m bench kills`; this is the same with fewer kills, each kind of victim at least once.
"""

from __future__ import annotations

import pytest

from simulator.kills import Kills
from tests.school_day.conftest import MakeSchool


@pytest.mark.parametrize(("postgres", "kills"), [(False, 12), (True, 10)], ids=["sqlite", "postgres"])
async def test_no_kill_loses_or_repeats_anything(make_school: MakeSchool, postgres: bool, kills: int) -> None:
    school = await make_school(postgres=postgres, direct=True)
    await school.start()
    killing = Kills(school, seed=kills)
    result = await killing.run(kills)
    assert result["wrong"] == []
    assert sum(killing.done.values()) == kills
    assert len(killing.done) == (5 if postgres else 4)
    assert result["green"] > kills, "too few taps to prove anything"
    assert result["compared_bytes_of_events"] == result["events_stored"]
