"""What opens an incident: each reading and what it is a sign of, or that it is none."""

from __future__ import annotations

import pytest

from agent.evidence.picture import Ids
from agent.incidents.kinds import Kind, Means, Role
from agent.incidents.signs import Family, Spot, Telling, drilled, forged, place_of, reported, sign_of
from agent.model import Moment
from drivers.readings import (
    ContactChange,
    ContactState,
    Noticed,
    PictureChange,
    PictureState,
    Pressed,
    ZoneChange,
    ZoneState,
)

AT = Moment(7, 5, True)
SHOWN = Ids(snapshot="s", blurred="b")


def zone(state: ZoneState, *, indicative: bool = False, before: ZoneState | None = ZoneState.NORMAL) -> ZoneChange:
    return ZoneChange(
        zone=2, state=state, before=before, codes=(), words="", indicative=indicative, at_ns=7, monotonic_ns=5
    )


def contact(state: ContactState, name: str = "") -> ContactChange:
    return ContactChange(contact=name, state=state, before=ContactState.IDLE, at_ns=7, monotonic_ns=5)


def picture(state: PictureState) -> PictureChange:
    return PictureChange(state=state, before=PictureState.CLEAR, jpeg=b"", at_ns=7, monotonic_ns=5)


def notice(kind: str, zone: str = "") -> Noticed:
    return Noticed(
        camera="cam-1", detector="d", kind=kind, zone=zone, score=1.0, lasted_s=1.0, box=None, detail="", jpeg=b"",
        blurred=b"", at_ns=7, monotonic_ns=5,
    )  # fmt: skip


PRESSED = Pressed(at_ns=7, monotonic_ns=5)
CASES: list[tuple[Telling, Means | None, tuple[Kind, bool] | None]] = [
    (zone(ZoneState.FIRE), None, (Kind.FIRE, True)),
    (zone(ZoneState.EXTINGUISHING), None, (Kind.FIRE, True)),
    (zone(ZoneState.ATTENTION), None, (Kind.FIRE, False)),
    (zone(ZoneState.FIRE, indicative=True), None, (Kind.FIRE, False)),
    *((zone(one), None, None) for one in ZoneState if one.value not in ("fire", "extinguishing", "attention")),
    (notice("fire"), None, (Kind.FIRE, False)),
    (notice("smoke"), None, (Kind.FIRE, False)),
    (notice("flame"), None, None),
    (notice("fight"), None, (Kind.FIGHT, False)),
    (notice("lying"), None, (Kind.MEDICAL, False)),
    (notice("crowd"), None, (Kind.OTHER, False)),
    (notice("presence"), None, (Kind.INTRUSION, False)),
    (notice("covered"), None, (Kind.TAMPER, False)),
    (notice("turned"), None, (Kind.TAMPER, False)),
    (notice("defocused"), None, (Kind.TAMPER, False)),
    (notice("crossing"), None, None),
    (picture(PictureState.COVERED), None, (Kind.TAMPER, False)),
    (picture(PictureState.FROZEN), None, (Kind.TAMPER, False)),
    (picture(PictureState.CLEAR), None, None),
    (contact(ContactState.ACTIVE, "tamper"), None, (Kind.TAMPER, True)),
    (contact(ContactState.CUT), Means.INTRUSION, (Kind.TAMPER, True)),
    (contact(ContactState.SHORT, "button"), None, (Kind.TAMPER, True)),
    (contact(ContactState.ACTIVE), None, None),
    (contact(ContactState.ACTIVE), Means.INTRUSION, (Kind.INTRUSION, True)),
    (contact(ContactState.ACTIVE, "power"), Means.INTRUSION, None),
    (contact(ContactState.IDLE), Means.INTRUSION, None),
    (contact(ContactState.FLAPPING), Means.INTRUSION, None),
    (PRESSED, None, (Kind.OTHER, True)),
    (PRESSED, Means.FIGHT, (Kind.FIGHT, True)),
    (PRESSED, Means.ANSWER, None),
]


@pytest.mark.parametrize(("reading", "means", "sign"), CASES)
def test_what_a_reading_is_a_sign_of(reading: Telling, means: Means | None, sign: tuple[Kind, bool] | None) -> None:
    found = sign_of(reading, Spot(name="device", place="Hall", means=means), SHOWN, synced=True)
    assert (found and (found.kind, found.certain)) == sign
    if found is not None:
        assert found.at == AT
        assert found.place == "hall"
        assert (found.shown == SHOWN) is isinstance(reading, Noticed | PictureChange)


def test_a_zone_has_its_own_place_and_is_a_source_of_its_own() -> None:
    spot = Spot(name="panel", place="Porter", places={2: "2nd  Floor "})
    found = sign_of(zone(ZoneState.FIRE), spot, Ids(), synced=False)
    assert found is not None
    assert (found.source, found.place, found.at.synced) == ("panel/2", "2nd floor", False)
    elsewhere = sign_of(zone(ZoneState.FIRE), Spot(name="panel", place="Porter"), Ids(), synced=True)
    assert elsewhere is not None
    assert elsewhere.place == "porter"


def test_a_camera_without_a_place_tells_its_zone() -> None:
    found = sign_of(notice("fight", "Stairs"), Spot(name="cam-1"), SHOWN, synced=True)
    assert found is not None
    assert (found.place, found.camera, found.source) == ("stairs", "cam-1", "cam-1")


def test_what_was_so_when_the_agent_began_is_no_new_sign() -> None:
    first = sign_of(zone(ZoneState.FIRE, before=None), Spot(name="panel"), Ids(), synced=True)
    later = sign_of(zone(ZoneState.FIRE), Spot(name="panel"), Ids(), synced=True)
    assert first is not None
    assert later is not None
    assert (first.standing, later.standing) == (True, False)


@pytest.mark.parametrize(("text", "place"), [("", ""), ("  Sports  Hall", "sports hall"), ("Спортзал", "спортзал")])
def test_a_place_is_the_same_whatever_its_letters(text: str, place: str) -> None:
    assert place_of(text) == place
    assert len(place_of(text + "x" * 100)) <= 64


def test_reports_drills_and_forged_orders() -> None:
    typed = reported(Kind.BULLYING, "Yard", "i", "r", AT, certain=False, drill=False)
    assert (typed.source, typed.what, typed.certain, typed.incident, typed.report) == (
        "centre", "report", False, "i", "r",
    )  # fmt: skip
    assert drilled(Kind.FIRE, "", "i", AT).drill
    false = forged("bad_signature", AT)
    assert (false.kind, false.place, false.source, false.family) == (Kind.TAMPER, "", "centre-link", Family.LINK)
    assert false.also == (Role.CITY,)
