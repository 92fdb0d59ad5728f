"""What opens an incident: from a reading, a report, a forged order to its sign. Pure.

Place    what the configuration calls it, in small letters: sources of one place speak for one incident
Not      whether the sign opens an incident or joins one: agent/incidents/joining.py
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from agent.evidence.picture import Ids
from agent.incidents.kinds import PLACE_CHARS, Kind, Means, Role
from agent.model import Moment
from agent.plain import plain
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

TAMPER_CONTACT = "tamper"
FORGED, LINK = "forged-order", "centre-link"
ZONES: dict[ZoneState, bool] = {ZoneState.FIRE: True, ZoneState.EXTINGUISHING: True, ZoneState.ATTENTION: False}
NOTICED: dict[str, Kind] = {
    "fire": Kind.FIRE,
    "smoke": Kind.FIRE,  # flame is none: small, and somebody is there
    "fight": Kind.FIGHT,
    "lying": Kind.MEDICAL,
    "crowd": Kind.OTHER,
    "presence": Kind.INTRUSION,
    "covered": Kind.TAMPER,
    "turned": Kind.TAMPER,
    "defocused": Kind.TAMPER,
}
PICTURES = {PictureState.COVERED, PictureState.FROZEN}
DAMAGE = {ContactState.CUT, ContactState.SHORT}


class Family(StrEnum):
    """Sources of one family may err together; of two families they do not."""

    SENSOR = "sensor"
    CAMERA = "camera"
    PERSON = "person"
    LINK = "link"


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A source, as the configuration has it."""

    name: str
    place: str = ""
    means: Means | None = None
    places: Mapping[int, str] = {}  # of a panel's zones


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One sign of an incident."""

    kind: Kind
    place: str
    source: str
    what: str  # fire, smoke, lying, pressed, covered, report, ...
    family: Family
    certain: bool
    at: Moment
    standing: bool = False  # told again because the agent began: no new sign of what it told before
    camera: str = ""  # that saw it
    shown: Ids = Ids()  # its picture
    also: tuple[Role, ...] = ()  # who is told besides, whatever the kind says
    incident: str = ""  # its id, where somebody has given it: it then joins no other
    report: str = ""
    drill: bool = False


Telling = ZoneChange | ContactChange | Pressed | PictureChange | Noticed


def place_of(text: str) -> str:
    """The same place whatever its letters and spaces; what cannot be shown is none of it."""
    return " ".join(plain(unicodedata.normalize("NFC", text).lower(), " ").split())[:PLACE_CHARS].rstrip()


def sign_of(reading: Telling, spot: Spot, shown: Ids, *, synced: bool) -> Seen | None:
    """The sign that a reading is; None if it is none. Of a camera's notice the spot is the camera."""
    at = Moment(reading.at_ns, reading.monotonic_ns, synced)
    match reading:
        case ZoneChange():
            return _zone(reading, spot, at)
        case ContactChange():
            return _contact(reading, spot, at)
        case Pressed():
            return _pressed(spot, at)
        case PictureChange():
            return _picture(reading, spot, at, shown)
        case Noticed():
            return _noticed(reading, spot, at, shown)


def _zone(change: ZoneChange, spot: Spot, at: Moment) -> Seen | None:
    if change.state not in ZONES:
        return None
    return Seen(
        kind=Kind.FIRE,
        place=place_of(spot.places.get(change.zone, "") or spot.place),
        source=f"{spot.name}/{change.zone}",
        what=change.state.value,
        family=Family.SENSOR,
        certain=ZONES[change.state] and not change.indicative,
        at=at,
        standing=change.before is None,
    )


def _contact(change: ContactChange, spot: Spot, at: Moment) -> Seen | None:
    if change.state in DAMAGE or (change.state is ContactState.ACTIVE and change.contact == TAMPER_CONTACT):
        kind = Kind.TAMPER
    elif change.state is ContactState.ACTIVE and change.contact == "" and spot.means not in (None, Means.ANSWER):
        kind = Kind(str(spot.means))
    else:
        return None
    return Seen(
        kind=kind,
        place=place_of(spot.place),
        source=f"{spot.name}/{change.contact}" if change.contact else spot.name,
        what=change.state.value,
        family=Family.SENSOR,
        certain=True,
        at=at,
        standing=change.before is None,
    )


def _pressed(spot: Spot, at: Moment) -> Seen | None:
    if spot.means is Means.ANSWER:
        return None
    kind = Kind(spot.means.value) if spot.means else Kind.OTHER
    return Seen(
        kind=kind,
        place=place_of(spot.place),
        source=spot.name,
        what="pressed",
        family=Family.PERSON,
        certain=True,
        at=at,
    )


def _picture(change: PictureChange, spot: Spot, at: Moment, shown: Ids) -> Seen | None:
    if change.state not in PICTURES:
        return None
    return Seen(
        kind=Kind.TAMPER,
        place=place_of(spot.place),
        source=spot.name,
        what=change.state.value,
        family=Family.CAMERA,
        certain=False,
        at=at,
        standing=change.before is None,
        camera=spot.name,
        shown=shown,
    )


def _noticed(notice: Noticed, spot: Spot, at: Moment, shown: Ids) -> Seen | None:
    if notice.kind not in NOTICED:
        return None
    return Seen(
        kind=NOTICED[notice.kind],
        place=place_of(spot.place or notice.zone),
        source=notice.camera,
        what=notice.kind,
        family=Family.CAMERA,
        certain=False,
        at=at,
        camera=notice.camera,
        shown=shown,
    )


def forged(reason: str, at: Moment) -> Seen:
    """An order or reference data that the centre has not signed, or that comes again."""
    return Seen(
        kind=Kind.TAMPER,
        place="",
        source=LINK,
        what=reason[:32],
        family=Family.LINK,
        certain=True,
        at=at,
        also=(Role.CITY,),
    )


def reported(kind: Kind, place: str, incident: str, report: str, at: Moment, *, certain: bool, drill: bool) -> Seen:
    """What somebody typed at the centre; a word of a person of the school is certain."""
    return Seen(
        kind=kind,
        place=place_of(place),
        source="centre",
        what="report",
        family=Family.PERSON,
        certain=certain,
        at=at,
        incident=incident,
        report=report,
        drill=drill,
    )


def drilled(kind: Kind, place: str, incident: str, at: Moment) -> Seen:
    """Nothing happened: the whole chain is tried."""
    return Seen(
        kind=kind,
        place=place_of(place),
        source="drill",
        what="drill",
        family=Family.PERSON,
        certain=True,
        at=at,
        incident=incident,
        drill=True,
    )
