"""Every state of a contact has a severity; a button's report is an alarm; a contact is a source of its own."""

from __future__ import annotations

import pytest

from agent.events import ContactChanged, ReportPressed
from agent.model import Lane, Severity
from agent.school.contacts import SEVERITY, changed, pressed
from drivers.readings import ContactChange, ContactState, Pressed


def change(state: ContactState, contact: str = "") -> ContactChange:
    return ContactChange(contact=contact, state=state, before=ContactState.IDLE, at_ns=5, monotonic_ns=6)


@pytest.mark.parametrize("state", list(ContactState))
def test_every_state_becomes_an_alarm_event(state: ContactState) -> None:
    event = changed(change(state, "tamper"), "canteen-1", synced=True)
    assert (event.lane, event.severity) == (Lane.ALARM, SEVERITY[state])
    assert event.data == ContactChanged(source="canteen-1", contact="tamper", state=state.value, before="idle")
    assert (event.at.utc_ns, event.at.monotonic_ns, event.at.synced) == (5, 6, True)


def test_a_chattering_contact_hides_no_other() -> None:
    sources = {changed(change(ContactState.ACTIVE, name), "door", synced=True).source for name in ("", "a", "b")}
    assert len(sources) == 3


def test_a_pressed_button_is_a_report() -> None:
    event = pressed(Pressed(at_ns=5, monotonic_ns=6), "button-1", synced=False)
    assert (event.lane, event.severity, event.data) == (Lane.ALARM, Severity.ERROR, ReportPressed(source="button-1"))
    assert not event.at.synced


def test_what_a_contact_means_goes_with_it_and_its_cover_means_nothing() -> None:
    """Sent ahead of a stuck database the alarm is all that the centre has."""
    own = changed(change(ContactState.ACTIVE), "relay", means="fire", place="gym", synced=True).data
    assert isinstance(own, ContactChanged)
    assert (own.means, own.place) == ("fire", "gym")
    cover = changed(change(ContactState.ACTIVE, "tamper"), "relay", means="fire", place="gym", synced=True).data
    assert isinstance(cover, ContactChanged)
    assert (cover.means, cover.place) == ("", "gym")
    press = pressed(Pressed(at_ns=5, monotonic_ns=6), "button-1", means="medical", place="gym", synced=True).data
    assert press == ReportPressed(source="button-1", means="medical", place="gym")
