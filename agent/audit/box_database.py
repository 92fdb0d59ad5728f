"""A box's own database, outbox.db: the hash of every leaf, and the events that it still holds.

Partial  events that the centre has are dropped after some days; their leaves' hashes stay.
Tables   epoch, tree (level 0), message (lane 1, the records), fact `ledger/checkpoint`: agent/schema.
School   is not written in it, only in the checkpoint that it signed last.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agent.audit.leaf import UNREADABLE, Kept
from agent.audit.rows import Rows
from agent.audit.source import KeptNote, Piece
from agent.errors import AgentError
from agent.ledger.origin import DOMAIN

TABLES = {"epoch", "message", "tree", "fact"}
CHECKPOINT = "kz.mektep.ledger.checkpoint.v1"
EPOCHS = """
select e.id, e.uuid, (select count(*) from tree t where t.epoch = e.id and t.level = 0) from epoch e order by e.id
"""
HASHES = "select idx, hash from tree where epoch = ? and level = 0 order by idx"
RUNS = "select body from message where epoch = ? and lane = 1 order by first"
LAST_CHECKPOINT = "select value from fact where key = 'ledger/checkpoint'"


class _Place(msgspec.Struct, gc=False):
    """What of an event says where it belongs."""

    sequence: str
    type: str
    leaf: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")


class _Note(msgspec.Struct):
    note: str


_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_place = msgspec.json.Decoder(_Place).decode
_note = msgspec.json.Decoder(_Note).decode


def _split(body: bytes) -> list[msgspec.Raw]:
    """The events of a run; none of one that is damaged."""
    try:
        return _raws(b"[" + body + b"]")
    except UNREADABLE:
        return []


class BoxLog:
    """One epoch."""

    partial = True

    def __init__(self, rows: Rows, epoch_id: int, epoch: str, total: int, last: str) -> None:
        self.epoch = epoch
        self.total = total
        self._rows = rows
        self._id = epoch_id
        self._last = last

    def pieces(self) -> Iterator[Piece]:
        held = {place.leaf: (place, body) for place, body in self._events() if place.leaf}
        for rows in self._rows.stream(HASHES, (self._id,)):
            kept = []
            for index, stored in rows:
                place, body = held.pop(str(index), (None, b""))
                kept.append(Kept(index, int(place.sequence) if place else -1, body, stored=bytes(stored)))
            yield len(kept), kept
        yield 0, [Kept(body=body) for _, body in held.values()]  # leaves that the tree does not have

    def checkpoints(self) -> list[KeptNote]:
        found = []
        for place, _ in self._events():
            if place.type == CHECKPOINT:
                try:
                    found.append(KeptNote(_note(place.data).note, int(place.sequence)))
                except UNREADABLE:
                    found.append(KeptNote(""))
        if self._last.split("\n")[0].endswith(f"/{self.epoch}") and self._last not in {one.note for one in found}:
            found.append(KeptNote(self._last))
        return found

    def hashes(self) -> bytes:
        return b""

    def leaf(self, index: int) -> Kept | None:
        for _, kept in self.pieces():
            for one in kept:
                if one.index == index:
                    return one
        return None

    def _events(self) -> Iterator[tuple[_Place, bytes]]:
        """What can be read of the events that it holds; what cannot has its hash only."""
        for rows in self._rows.stream(RUNS, (self._id,)):
            for (body,) in rows:
                for raw in _split(bytes(body)):
                    try:
                        place = _place(raw)
                    except UNREADABLE:  # this one alone: its neighbours are read
                        continue
                    yield place, bytes(raw)


class BoxDatabase:
    """The box's whole ledger. Raises AgentError A-101."""

    keys: tuple[str, ...] = ()  # a box's public key is not in it: `mektep identity` prints it

    def __init__(self, rows: Rows, school: str) -> None:
        self._rows = rows
        fact = rows.all(LAST_CHECKPOINT)
        last = bytes(fact[0][0]).decode(errors="replace") if fact else ""
        parts = last.split("\n")[0].split("/")
        if not school and (len(parts) != 3 or parts[0] != DOMAIN):
            do = "Give its name with --school."
            raise AgentError("A-101", "the box has signed nothing yet that says which school it is", do=do)
        self.school = school or parts[1]
        logs = [BoxLog(rows, epoch_id, epoch, total, last) for epoch_id, epoch, total in rows.all(EPOCHS)]
        self.logs = [one for one in logs if one.total or one.checkpoints()]

    def close(self) -> None:
        self._rows.close()
