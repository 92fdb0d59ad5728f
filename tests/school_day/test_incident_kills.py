"""kill -9 of the agent while it burns and persons answer; the long run is `python -m bench incidents`."""

from __future__ import annotations

import pytest

from simulator.day_school import USES
from simulator.incident_kills import killed
from tests.school_day.conftest import MakeSchool


@pytest.mark.timeout(240)
async def test_no_kill_loses_doubles_or_orphans_an_incident(make_school: MakeSchool) -> None:
    school = await make_school(direct=True, uses=USES, kernel_clock=True)
    result = await killed(school, 5, seed=5)
    assert result["wrong"] == []
    incidents = result["incidents"]
    assert len(incidents["cases"]) >= 2
    assert all(case["state"] == "closed" for case in incidents["cases"])
    assert incidents["told"] >= len(incidents["cases"])
