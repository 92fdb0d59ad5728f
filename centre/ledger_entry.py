"""An event as a leaf of its box's ledger: the entry whose hash is in the log, and the line of a statement it counts in.

Entry   RFC 8785 canonical JSON of {"data", "time", "type"}; where data has a `salt`, `who` stands for `pupil` and
        `salt`: hex SHA-256 of the salt's bytes and the pupil's key (docs/protocol.md, section 16)
Raises  ValueError, msgspec.MsgspecError for what is no leaf: UNREADABLE
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import msgspec

from centre.ledger_tree import leaf_hash

GRANTED = "kz.mektep.meal.granted.v1"
REVERSED = "kz.mektep.meal.reversed.v1"
DATED = "kz.mektep.meal.dated.v1"
VISIT = "kz.mektep.club.visit.v1"
SUSPICION = "kz.mektep.suspicion.v1"
CHECKPOINT = "kz.mektep.ledger.checkpoint.v1"
STATEMENT = "kz.mektep.ledger.statement.v1"

INDEX = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)  # a deep nest of brackets ends the decoder's stack
Line = tuple[str, str, str, int]  # kind, day, programme or club or rule, tenge for one


class Leaf(msgspec.Struct, frozen=True, gc=False):
    """Where an event stands in its ledger."""

    sequence: int
    idx: int
    hash: bytes
    type: str


class LeafEvent(msgspec.Struct):
    """What a leaf is made of, and the places that it claims."""

    type: str
    time: str
    data: dict[str, Any]
    source: str = ""
    sequence: str = ""
    leaf: str = ""
    reissueof: str = ""


class Facts(msgspec.Struct, frozen=True):
    """What the data of a leaf, or of a suspicion, say about money. Of an erased one `pupil` is empty."""

    pupil: str = ""
    who: str = ""
    day: str = ""
    meal: str = ""
    programme: str = ""
    club: str = ""
    rule: str = ""
    tenge: int = 0
    operator: str = ""
    of: str = ""
    counted: bool = False


_encode = msgspec.json.Encoder(order="sorted").encode
_events = msgspec.json.Decoder(LeafEvent)


def read(body: str | bytes) -> LeafEvent:
    """Raises one of UNREADABLE."""
    return _events.decode(body)


def entry_of(event: LeafEvent) -> bytes:
    """The bytes that are hashed. Raises ValueError for a salt that is no hex."""
    data = without_child(event.data) if "salt" in event.data else event.data
    return _encode({"data": data, "time": event.time, "type": event.type})


def without_child(data: dict[str, Any]) -> dict[str, Any]:
    """Salted data with `who` in place of pupil and salt. Raises ValueError."""
    pupil, salt = data.get("pupil"), data["salt"]
    if not isinstance(pupil, str) or not isinstance(salt, str):
        raise ValueError("pupil and salt are no texts")
    rest = {name: value for name, value in data.items() if name not in ("pupil", "salt")}
    return rest | {"who": hashlib.sha256(bytes.fromhex(salt) + pupil.encode()).hexdigest()}


def leaf_of(body: str | bytes, sequence: int) -> Leaf | None:
    """None for an event that claims a place in the ledger and cannot have one: the place stays empty."""
    try:
        event = read(body)
        idx = index(event.leaf)
        return None if idx is None else Leaf(sequence, idx, leaf_hash(entry_of(event)), event.type)
    except UNREADABLE:
        return None


def index(text: str) -> int | None:
    return int(text) if INDEX.fullmatch(text) else None


def facts_of(event: LeafEvent) -> Facts:
    """Raises msgspec.ValidationError."""
    return msgspec.convert(event.data, Facts)


def _granted(facts: Facts) -> Line:
    return "forgotten" if facts.operator else "granted", facts.day, facts.programme, facts.tenge


def _reversed(facts: Facts) -> Line:
    return "reversed", facts.day, facts.programme, facts.tenge


def _dated(facts: Facts) -> Line:
    return "dated" if facts.counted else "not_counted", facts.day, facts.programme, facts.tenge


def _visit(facts: Facts) -> Line:
    return "visit" if facts.counted else "visit_not_counted", facts.day, facts.club, facts.tenge


LINES: dict[str, Callable[[Facts], Line]] = {GRANTED: _granted, REVERSED: _reversed, DATED: _dated, VISIT: _visit}


def line_of(type_: str, facts: Facts) -> Line | None:
    """None for a leaf that no statement counts. Suspicions are lines, too, and no leaves."""
    line = LINES.get(type_)
    return line(facts) if line else None


def line_in(body: str) -> Line | None:
    """Of a stored leaf; None also for one that cannot be read."""
    try:
        event = read(body)
        return line_of(event.type, facts_of(event))
    except UNREADABLE:
        return None


def suspicion_in(body: str) -> Line | None:
    """Of a stored suspicion."""
    try:
        facts = facts_of(read(body))
        return "suspicion", facts.day, facts.rule, 0
    except UNREADABLE:
        return None
