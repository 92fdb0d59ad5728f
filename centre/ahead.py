"""What an alarm that was sent ahead means before its box can say it: a kind of incident and a place. Pure.

The box's database does not take it, so the box opens no incident: until the event comes, the centre answers for it.
"""

from __future__ import annotations

import msgspec

FIRE = {"fire": "certain", "extinguishing": "certain", "attention": "suspected"}
SUSPECTED = {"fire": "fire", "smoke": "fire", "fight": "fight", "lying": "medical", "presence": "intrusion"}


KINDS = frozenset({"fire", "medical", "fight", "intrusion", "bullying", "other", "tamper"})
ANSWER = "answer"  # of a button: who presses it is on the way


class _Data(msgspec.Struct):
    state: str = ""
    indicative: bool = False
    contact: str = ""
    means: str = ""
    suspected: str = ""
    place: str = ""
    zone: object = None
    sensor: str = ""
    source: str = ""
    camera: str = ""


class _Event(msgspec.Struct):
    type: str
    data: _Data


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """For which persons it is."""

    kind: str
    place: str
    certainty: str


def meaning(body: str) -> Meaning | None:
    """None for what nobody need answer for, or what cannot be read."""
    try:
        found = msgspec.json.decode(body, type=_Event)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    data = found.data
    place = (data.place or data.sensor or data.source or data.camera)[:64]
    if found.type == "kz.mektep.fire.zone.v1" and data.state in FIRE:
        certainty = "suspected" if data.indicative else FIRE[data.state]
        return Meaning(kind="fire", place=place, certainty=certainty)
    if found.type == "kz.mektep.camera.noticed.v1" and data.suspected in SUSPECTED:
        return Meaning(kind=SUSPECTED[data.suspected], place=place, certainty="suspected")
    if found.type == "kz.mektep.report.pressed.v1" and data.means != ANSWER:
        return Meaning(kind=data.means if data.means in KINDS else "other", place=place, certainty="certain")
    if found.type == "kz.mektep.contact.changed.v1" and data.state == "active" and not data.contact:
        return Meaning(kind=data.means, place=place, certainty="certain") if data.means in KINDS else None
    return None
