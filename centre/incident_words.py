"""What boxes say of incidents, cameras and live views: stored bytes -> facts. Pure.

Wire    the schemas of docs/schemas of the kinds kz.mektep.incident.*, kz.mektep.camera.list, kz.mektep.live.view
Not     refused here: data are the box's word and are stored as they came; what cannot be read makes no incident.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

from centre.wire import EPOCH_PATTERN

KINDS = ("fire", "fight", "bullying", "intrusion", "tamper", "medical", "other")
CERTAINTIES = ("suspected", "corroborated", "certain")  # rising
INCIDENT = "kz.mektep.incident."
CAMERAS = "kz.mektep.camera.list.v1"
LIVE = "kz.mektep.live.view.v1"

Uuid = Annotated[str, Meta(pattern=EPOCH_PATTERN)]
Word = Annotated[str, Meta(max_length=64)]
Kind = Annotated[str, Meta(pattern=rf"^({'|'.join(KINDS)})\Z")]
Certainty = Annotated[str, Meta(pattern=rf"^({'|'.join(CERTAINTIES)})\Z")]


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that speaks for an incident."""

    source: Word
    what: Word
    certain: bool
    at: Word


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    incident: Uuid
    kind: Kind
    place: Word
    certainty: Certainty
    sign: Sign
    drill: bool = False
    report: Word = ""


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    incident: Uuid
    certainty: Certainty
    sign: Sign
    signs: Annotated[int, Meta(ge=1, lt=2**31)]
    report: Word = ""


class Addressee(msgspec.Struct, frozen=True, kw_only=True):
    role: Word
    staff: Word = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    incident: Uuid
    kind: Kind
    place: Word
    certainty: Certainty
    drill: bool = False
    step: Annotated[int, Meta(ge=0, lt=2**31)]
    why: Word
    to: Annotated[list[Addressee], Meta(max_length=64)]
    locally: Annotated[list[Word], Meta(max_length=64)] = []
    answer_by: Word


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    incident: Uuid
    answer: Annotated[str, Meta(pattern=r"^(acknowledged|confirmed|dismissed)\Z")]
    by: Word
    role: Word
    channel: Word
    account: Word = ""
    reason: Word = ""
    after_s: float


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    incident: Uuid
    outcome: Annotated[str, Meta(pattern=r"^(confirmed|dismissed)\Z")]
    by: Word
    channel: Word = ""
    account: Word = ""
    signs: int
    told: int


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Files that show it."""

    incident: Uuid
    camera: Word
    snapshot: Word = ""
    blurred: Word = ""
    clip: Word = ""


Fact = Opened | Joined | Told | Answered | Closed | Shown
FACTS: dict[str, type[Fact]] = {
    "opened": Opened,
    "joined": Joined,
    "told": Told,
    "answered": Answered,
    "closed": Closed,
    "evidence": Shown,
}
WHAT = {f"{INCIDENT}{what}.v1": what for what in FACTS}


class LiveView(msgspec.Struct, frozen=True, kw_only=True):
    session: Uuid
    camera: Word
    state: Annotated[str, Meta(pattern=r"^(started|ended)\Z")]
    by: Word
    host: Annotated[str, Meta(max_length=255)]
    reason: Word = ""
    seconds: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    bytes: Annotated[int, Meta(ge=0, lt=2**53)] = 0


class CameraState(msgspec.Struct, frozen=True, kw_only=True):
    camera: Word
    place: Word
    state: Word
    picture_age_s: Annotated[int, Meta(ge=0, lt=2**53)] | None
    clock_off_s: float | None
    live: bool = False


class CameraList(msgspec.Struct, frozen=True, kw_only=True):
    cameras: Annotated[list[CameraState], Meta(max_length=64)]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an incident."""

    what: str
    at: str  # by the box's clock
    digest: str
    fact: Fact
    body: str  # of the fact, as JSON


class _Attributes(msgspec.Struct):
    type: str
    time: str
    data: msgspec.Raw
    bootid: str = ""
    monotonic: str = ""
    aheadid: Annotated[str, Meta(max_length=100)] = ""
    clock: str = ""


_attributes = msgspec.json.Decoder(_Attributes)


def speaks(type_: str, body: str) -> bool:
    """Whether the projection has to look at an event at all."""
    return type_.startswith(INCIDENT) or type_ in (CAMERAS, LIVE) or '"aheadid":' in body


def ahead_id(body: str) -> str:
    """Of the copy that was sent ahead; empty if none was named."""
    try:
        return _attributes.decode(body).aheadid
    except (msgspec.MsgspecError, RecursionError):
        return ""


def step_of(body: str) -> Step | None:
    """None for what is no step, or cannot be read."""
    try:
        found = _attributes.decode(body)
        what = WHAT.get(found.type)
        if what is None:
            return None
        fact = msgspec.json.decode(found.data, type=FACTS[what])
        text = msgspec.json.encode(fact).decode()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    said = "\n".join((found.type, found.time, found.bootid, found.monotonic, text))
    return Step(what=what, at=found.time[:40], digest=hashlib.sha256(said.encode()).hexdigest(), fact=fact, body=text)


def fact_of(what: str, body: str) -> Fact:
    """Of a step that is kept."""
    return msgspec.json.decode(body, type=FACTS[what])


def cameras_of(body: str) -> tuple[str, str, CameraList] | None:
    """Time, what the box knew of its clock then, and the list."""
    try:
        found = _attributes.decode(body)
        return found.time[:40], found.clock[:16], msgspec.json.decode(found.data, type=CameraList)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def live_of(body: str) -> tuple[str, LiveView] | None:
    try:
        found = _attributes.decode(body)
        return found.time[:40], msgspec.json.decode(found.data, type=LiveView)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
