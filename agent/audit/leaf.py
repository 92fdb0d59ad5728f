"""A leaf of the ledger as somebody has kept it, read back into what was hashed.

Kept     the stored event; after a child's record was erased the entry alone; of a box's old events only the hash.
Hash     of the entry as it must be, computed anew from the event: docs/ledger.md.
Speed    about 3 µs: the events that are leaves by the thousand are decoded into structs whose fields are in the entry's
         order already. An event that is not exactly such a struct takes the slow way, to the same bytes.
Raises   nothing: what cannot be read is a Leaf with `fault`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from agent.events import KINDS
from agent.ledger.entry import entry_of
from agent.ledger.lines import LINES, Line, line_of
from agent.plain import plain

INDEX_MAX = 2**53
DAY_CHARS = 10
DIGITS = 19
UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)  # ValueError: no UTF-8
STATEMENT = "kz.mektep.ledger.statement.v1"
OPENED = "kz.mektep.epoch.opened.v1"


class Kept(msgspec.Struct, gc=False, array_like=True):
    """What a source holds of one leaf. Index and sequence are -1 where only the event itself says them."""

    index: int = -1
    sequence: int = -1
    body: bytes = b""  # the stored event, or the line of an erased one
    entry: bytes = b""  # of an erased one
    stored: bytes = b""  # the hash that is kept beside it


class Leaf(msgspec.Struct, gc=False, array_like=True):
    """One leaf, read. `type` is empty where nothing but its hash is known."""

    index: int
    sequence: int = -1
    type: str = ""
    time: str = ""
    source: str = ""  # of its event; empty for an erased one
    reissued: str = ""  # which place it had before
    day: str = ""
    line: Line | None = None
    hash: bytes = b""
    stored: bytes = b""
    data: Any = None  # of a statement, or of an epoch's opening
    fault: str = ""  # key of a text: why it cannot be read
    erased: bool = False


class _Event(msgspec.Struct, gc=False):
    """An event, or the line of an erased one."""

    leaf: str
    type: str = ""
    time: str = ""
    source: str = ""
    sequence: str = ""
    reissueof: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    entry: str = ""


class _Entry(msgspec.Struct, gc=False):
    """The canonical form: members in the order of their names."""

    data: Any
    time: str
    type: str


class _Content(msgspec.Struct):
    data: dict[str, Any]
    time: str
    type: str


_event = msgspec.json.Decoder(_Event).decode
_content = msgspec.json.Decoder(_Content).decode
_data = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class Malformed(Exception):
    """Why a leaf cannot be read: the key of a text."""


def read(kept: Kept) -> Leaf:
    """The leaf, with the hash that it should have."""
    try:
        leaf = _of_event(kept) if kept.body else _of_entry(kept.index, kept.entry) if kept.entry else Leaf(kept.index)
    except Malformed as error:
        return Leaf(kept.index, kept.sequence, hash=kept.stored, fault=str(error))
    leaf.stored = kept.stored
    if not leaf.hash:  # nothing else is kept of it
        leaf.hash = kept.stored
    if kept.index >= 0:
        if leaf.index != kept.index or leaf.sequence not in (-1, kept.sequence):
            leaf.fault = "misplaced"
        leaf.index, leaf.sequence = kept.index, kept.sequence
    return leaf


def _of_event(kept: Kept) -> Leaf:
    try:
        event = _event(kept.body)
    except UNREADABLE as error:
        raise Malformed("no_event") from error
    index = _number(event.leaf)
    if event.entry:
        return _of_entry(index, event.entry.encode())
    leaf = Leaf(index, _number(event.sequence), event.type, event.time, event.source, event.reissueof)
    shape = SHAPES.get(event.type)
    if not (shape and _fill(leaf, event, shape)):
        _fill_slowly(leaf, event.type, event.time, event.data)
    return leaf


def _fill(leaf: Leaf, event: _Event, shape: Shape) -> bool:
    """The quick way; False if the data are not of exactly this shape."""
    try:
        data = shape(event.data)
    except UNREADABLE:
        return False
    leaf.line, leaf.day = LINES[event.type](msgspec.structs.asdict(data)), data.day
    try:
        data.who = sha256(bytes.fromhex(data.salt) + data.pupil.encode()).hexdigest()
    except ValueError:
        return False
    data.pupil = data.salt = msgspec.UNSET
    leaf.hash = sha256(b"\0" + _encode(_Entry(data, event.time, event.type))).digest()
    return True


def _fill_slowly(leaf: Leaf, type_: str, time: str, raw: msgspec.Raw) -> None:
    try:
        data = _data(raw)
        leaf.hash = sha256(b"\0" + entry_of(type_, time, data)).digest()
    except (*UNREADABLE, KeyError, TypeError, AttributeError) as error:
        raise Malformed("no_event") from error
    _count(leaf, type_, data)


def _of_entry(index: int, entry: bytes) -> Leaf:
    """An erased one: the entry tells the money still, and not the child."""
    try:
        content = _content(entry)
    except UNREADABLE as error:
        raise Malformed("no_entry") from error
    if not 0 <= index < INDEX_MAX:
        raise Malformed("no_entry")
    leaf = Leaf(index, -1, content.type, content.time, erased=True)
    leaf.hash = sha256(b"\0" + entry).digest()
    _count(leaf, content.type, content.data)
    return leaf


def _count(leaf: Leaf, type_: str, data: Mapping[str, Any]) -> None:
    """In which line it counts. What is hashed stays hashed, also if it makes no sense."""
    day = data.get("day")
    leaf.day = day if isinstance(day, str) else leaf.time[:DAY_CHARS]
    try:
        line = line_of(type_, data)
        if line and [type(part) for part in line] != [str, str, str, int]:
            raise TypeError
        leaf.line = line
        if type_ in (STATEMENT, OPENED):
            leaf.data = msgspec.convert(data, KINDS[type_].data)
    except (KeyError, TypeError, msgspec.ValidationError):
        leaf.fault = "senseless"


def _number(text: str) -> int:
    """Decimal digits, perhaps with zeros before them. Raises Malformed."""
    if text.isdecimal() and len(text) <= DIGITS and text.isascii():
        found = int(text)
        if found < INDEX_MAX:
            return found
    raise Malformed("no_event")


def shown(text: str, most: int = 64) -> str:
    """What a source says, fit for a terminal: one line, nothing that moves the cursor."""
    return plain(text[:most], "?")


Shape = Callable[[msgspec.Raw], Any]


def _shape(data: type[msgspec.Struct]) -> Shape:
    """A decoder of these data alone, each member there and of its plain type, into members sorted by name."""
    absent = msgspec.UnsetType
    fields: list[Any] = []
    for field in msgspec.structs.fields(data):
        plain = _plain(field.type)
        fields.append((field.encode_name, plain | absent if field.encode_name in ("pupil", "salt") else plain))
    fields = sorted([*fields, ("who", str | absent, msgspec.UNSET)])
    made = msgspec.defstruct(f"Sorted{data.__name__}", fields, kw_only=True, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(made).decode


def _plain(type_: Any) -> Any:
    """The type without its limits: those are the judge's at the centre, here only the bytes count."""
    told = msgspec.inspect.type_info(type_)
    while isinstance(told, msgspec.inspect.Metadata):
        told = told.type
    if isinstance(told, msgspec.inspect.ListType):
        return list[str]
    found = {msgspec.inspect.StrType: str, msgspec.inspect.IntType: int, msgspec.inspect.BoolType: bool}
    return found[type(told)]


SHAPES: dict[str, Shape] = {
    name: _shape(kind.data)
    for name, kind in KINDS.items()
    if kind.leaf and {"pupil", "salt"} <= {field.encode_name for field in msgspec.structs.fields(kind.data)}
}
