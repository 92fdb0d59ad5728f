"""Every state of a zone has a severity; fire is the worst; a zone is a source of its own."""

from __future__ import annotations

import pytest

from agent.events import ZoneChanged
from agent.model import Lane, Severity
from agent.school.zones import SEVERITY, changed
from drivers.readings import ZoneChange, ZoneState


def change(state: ZoneState, zone: int = 2) -> ZoneChange:
    return ZoneChange(
        zone=zone, state=state, before=ZoneState.NORMAL, codes=(37, 44), words="fire", at_ns=5, monotonic_ns=6
    )


@pytest.mark.parametrize("state", list(ZoneState))
def test_every_state_becomes_an_alarm_event(state: ZoneState) -> None:
    event = changed(change(state), "panel", {2: "gym"}, synced=True)
    assert event.lane is Lane.ALARM
    assert event.severity is SEVERITY[state]
    assert isinstance(event.data, ZoneChanged)
    assert (event.data.place, event.data.state, event.data.before, event.data.codes) == (
        "gym",
        state.value,
        "normal",
        [37, 44],
    )


def test_only_fire_and_extinguishing_are_fatal() -> None:
    fatal = {state for state, severity in SEVERITY.items() if severity is Severity.FATAL}
    assert fatal == {ZoneState.FIRE, ZoneState.EXTINGUISHING}


def test_a_chattering_zone_hides_no_other() -> None:
    first, second = (changed(change(ZoneState.FIRE, zone), "panel", {}, synced=True) for zone in (1, 2))
    assert first.source != second.source
    assert isinstance(second.data, ZoneChanged)
    assert second.data.place == ""
