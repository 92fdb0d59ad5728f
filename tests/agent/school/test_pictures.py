"""Every state of a picture has a severity, and the event names both forms of what shows it."""

from __future__ import annotations

import pytest

from agent.events import CameraPicture
from agent.evidence.picture import Ids
from agent.model import Lane
from agent.school.pictures import SEVERITY, changed
from drivers.readings import PictureChange, PictureState


@pytest.mark.parametrize("state", list(PictureState))
def test_every_state_becomes_an_alarm_event(state: PictureState) -> None:
    change = PictureChange(state=state, before=None, jpeg=b"not in the event", at_ns=5, monotonic_ns=6)
    event = changed(change, "gate", Ids(snapshot="0" * 32, blurred="1" * 32), synced=True)
    assert (event.lane, event.severity, event.source) == (Lane.ALARM, SEVERITY[state], "gate/picture")
    assert event.data == CameraPicture(camera="gate", state=state.value, before="", evidence="0" * 32, blurred="1" * 32)
