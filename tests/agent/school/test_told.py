"""Only what differs from what was told is news; what is unusual is remembered, device by device and part by part."""

from __future__ import annotations

import msgspec

from agent.school.told import Told
from drivers.readings import ContactChange, ContactState, PictureChange, PictureState, ZoneChange, ZoneState


def zone(state: ZoneState) -> ZoneChange:
    return ZoneChange(zone=2, state=state, before=ZoneState.NORMAL, codes=(37,), words="w", at_ns=5, monotonic_ns=6)


def contact(state: ContactState, name: str = "") -> ContactChange:
    return ContactChange(contact=name, state=state, before=None, at_ns=5, monotonic_ns=6)


def picture(state: PictureState) -> PictureChange:
    return PictureChange(state=state, before=None, jpeg=b"", at_ns=5, monotonic_ns=6)


def test_only_what_differs_is_news_and_what_is_unusual_is_remembered() -> None:
    told = Told()
    first = told.news(zone(ZoneState.FIRE), "panel", 2)
    assert first is not None
    assert first.before is None
    assert told.news(zone(ZoneState.FIRE), "panel", 2) is None
    assert told.news(zone(ZoneState.TEST), "panel", 10) is not None
    assert told.news(zone(ZoneState.FIRE), "other panel", 7) is not None
    assert list(told.unusual("panel").items()) == [(2, ZoneState.FIRE), (10, ZoneState.TEST)]
    after = told.news(zone(ZoneState.NORMAL), "panel", 2)
    assert after is not None
    assert after.before is ZoneState.FIRE
    assert told.unusual("panel") == {10: ZoneState.TEST}


def test_what_each_part_reported_last_is_kept_with_its_codes() -> None:
    told = Told()
    told.news(zone(ZoneState.FIRE), "panel", 2)
    told.news(msgspec.structs.replace(zone(ZoneState.FIRE), codes=(38,)), "panel", 2)
    told.news(contact(ContactState.IDLE, "tamper"), "panel", "tamper")
    told.news(contact(ContactState.IDLE), "door")
    one, other = told.latest("panel")
    assert (one.codes, other.contact) == ((38,), "tamper")
    assert told.latest("gate") == []


def test_the_first_look_is_news_even_where_all_is_well() -> None:
    """The centre may still hold what was told before the daemon was started again."""
    told = Told()
    assert told.news(contact(ContactState.IDLE), "door") is not None
    assert told.news(picture(PictureState.CLEAR), "gate") is not None
    assert told.news(zone(ZoneState.NORMAL), "panel", 1) is not None
    assert [told.unusual(name) for name in ("door", "gate", "panel", "nothing")] == [{}, {}, {}, {}]


def test_the_contacts_of_one_device_are_told_apart() -> None:
    told = Told()
    assert told.news(contact(ContactState.ACTIVE, "tamper"), "canteen-1", "tamper") is not None
    assert told.news(contact(ContactState.IDLE, "power"), "canteen-1", "power") is not None
    assert told.unusual("canteen-1") == {"tamper": ContactState.ACTIVE}
