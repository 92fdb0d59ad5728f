"""One group commit in the making: what its members put, which sequences that takes, which rows that gives.

A member that fails takes back what it put and leaves the others alone. Nothing here waits or locks:
agent/outbox/writer.py does.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from agent.events import LEAVES
from agent.ledger.entry import entry_of
from agent.ledger.lines import LINES, line_of
from agent.ledger.log import Log, TreeRow
from agent.ledger.merkle import leaf_hash
from agent.model import Draft, Lane, Place
from agent.outbox.envelope import Envelope

RUN_EVENTS = 100
RUN_BYTES = 64_000
TALLY = """
insert into tally (kind, day, what, tenge, count) values (?, ?, ?, ?, 1) on conflict do update set count = count + 1
"""


COUNTED = LEAVES | LINES.keys()


class Row(msgspec.Struct, frozen=True):
    """A run as it goes into table message."""

    epoch_id: int
    lane: Lane
    first: int
    last: int
    body: bytes

    @property
    def crc(self) -> int:
        return zlib.crc32(self.body)


class Numbering(msgspec.Struct):
    """The current epoch's envelopes and the last sequence of each lane that is committed."""

    epoch_id: int
    epoch: str
    envelopes: dict[Lane, Envelope]
    last: dict[Lane, int]
    log: Log = Log()  # of the ledger


class Mark(msgspec.Struct, frozen=True):
    """How far a transaction was when a member began."""

    numbering: Numbering
    numberings: int
    sealed: list[Row]
    put_bytes: dict[Lane, list[bytes]]
    lengths: tuple[int, ...]  # in the order of the lanes
    leaves: list[bytes]
    leaf_count: int
    grown: list[tuple[int, list[TreeRow]]]


class Transaction:
    """What one member of a group may do: put events, and run SQL in the same commit."""

    def __init__(self, db: sqlite3.Connection, numbering: Numbering, recorded_ns: int) -> None:
        self.db = db
        self.numbering = numbering
        self.numberings = [numbering]  # the epoch at the beginning, and those begun within this group
        self.recorded_ns = recorded_ns
        self.put_bytes: dict[Lane, list[bytes]] = {lane: [] for lane in Lane}
        self._in_savepoint = False
        self._sealed: list[Row] = []  # of an epoch that ended within this group
        self._leaves: list[bytes] = []  # hashes: what the ledger of the current epoch gets
        self._grown: list[tuple[int, list[TreeRow]]] = []  # of logs that ended within this group

    def begin_epoch(self, numbering: Numbering) -> None:
        """From here on events are numbered in another epoch; what was put before keeps the old one.

        The ledger begins a new log, and what no statement of the old one has stated is for the audit to tell.
        """
        self._sealed = list(self.rows())
        self._grown = [*self._grown, (self.numbering.epoch_id, self.numbering.log.grown(self._leaves)[1])]
        self._leaves = []
        self.execute("delete from tally")
        self.numbering = numbering
        self.numberings.append(numbering)
        self.put_bytes = {lane: [] for lane in Lane}

    def put(self, draft: Draft) -> Place:
        """Give the event its place; durable when the group has committed. Raises ValueError if it is too large."""
        place = self._next(draft.lane)
        envelope = self.numbering.envelopes[place.lane]
        leaf = None
        if draft.type in COUNTED:
            data = msgspec.to_builtins(draft.data)
            leaf = self._count(draft.type, envelope.time(draft.at.utc_ns).decode(), data)
        self.put_bytes[place.lane].append(envelope.encode(draft, place.sequence, self.recorded_ns, leaf))
        return place

    def put_again(self, old: bytes, old_place: Place) -> Place:
        """Give a stored event a new place in the current epoch."""
        place = self._next(old_place.lane)
        text = f"{old_place.epoch}/{old_place.lane.word}/{old_place.sequence}"
        envelope = self.numbering.envelopes[place.lane]
        event = _content.decode(old)
        leaf = self._count(event.type, event.time, event.data) if event.type in COUNTED else None
        self.put_bytes[place.lane].append(envelope.reissue(old, text, place.sequence, self.recorded_ns, leaf))
        return place

    def log(self) -> Log:
        """The ledger's log of the current epoch, with what this group has put until now."""
        return self.numbering.log.grown(self._leaves)[0]

    def leaf_name(self) -> str:
        """ "epoch/index" of the leaf that was put last."""
        return f"{self.numbering.epoch}/{self.numbering.log.size + len(self._leaves) - 1}"

    def _count(self, type_: str, time: str, data: dict[str, Any]) -> int | None:
        """Count it for the next statement, and append it to the ledger. Returns its index there; None for no leaf."""
        line = line_of(type_, data)
        if line:
            self.execute(TALLY, line)
        if type_ not in LEAVES:
            return None
        self._leaves.append(leaf_hash(entry_of(type_, time, data)))
        return self.numbering.log.size + len(self._leaves) - 1

    def remember(self, key: str, value: bytes) -> None:
        """Keep a small fact."""
        sql = "insert into fact (key, value) values (?, ?) on conflict do update set value = excluded.value"
        self.execute(sql, (key, value))

    def recall(self, key: str) -> bytes | None:
        """A fact, or None."""
        row = self.execute("select value from fact where key = ?", (key,)).fetchone()
        return bytes(row[0]) if row else None

    def execute(self, sql: str, args: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement in this group's transaction. Raises sqlite3.Error."""
        if not self._in_savepoint:
            self.db.execute("savepoint member")
            self._in_savepoint = True
        return self.db.execute(sql, args)

    def mark(self) -> Mark:
        """How far this is now: to take back a failing member."""
        lengths = tuple(map(len, self.put_bytes.values()))
        return Mark(
            self.numbering, len(self.numberings), self._sealed, self.put_bytes, lengths,
            self._leaves, len(self._leaves), self._grown,
        )  # fmt: skip

    def keep(self) -> None:
        """The member is done."""
        if self._in_savepoint:
            self.db.execute("release member")
            self._in_savepoint = False

    def take_back(self, mark: Mark) -> None:
        """The member failed: what it put and wrote is undone."""
        if self._in_savepoint:
            self.db.execute("rollback to member")
            self.db.execute("release member")
            self._in_savepoint = False
        self.numbering, self._sealed, self.put_bytes = mark.numbering, mark.sealed, mark.put_bytes
        self._leaves, self._grown = mark.leaves, mark.grown
        del self._leaves[mark.leaf_count :]
        del self.numberings[mark.numberings :]
        for waiting, length in zip(self.put_bytes.values(), mark.lengths, strict=True):
            del waiting[length:]

    def _next(self, lane: Lane) -> Place:
        return Place(self.numbering.epoch, lane, self.numbering.last[lane] + len(self.put_bytes[lane]) + 1)

    def tree(self) -> tuple[Log, list[tuple[int, int, int, bytes]]]:
        """The ledger after this group, and what its table gets: epoch, level, index, hash."""
        log, rows = self.numbering.log.grown(self._leaves)
        grown = [*self._grown, (self.numbering.epoch_id, rows)]
        return log, [(epoch_id, *row) for epoch_id, added in grown for row in added]

    def rows(self) -> Iterator[Row]:
        """The runs of this group, lane by lane."""
        yield from self._sealed
        numbering = self.numbering
        for lane, events in self.put_bytes.items():
            first = numbering.last[lane] + 1
            for run in _runs(events):
                yield Row(numbering.epoch_id, lane, first, first + len(run) - 1, b",".join(run))
                first += len(run)


class _Content(msgspec.Struct, frozen=True):
    """What the ledger hashes of a stored event."""

    type: str
    time: str
    data: dict[str, Any]


_content = msgspec.json.Decoder(_Content)


def _runs(events: list[bytes]) -> Iterator[list[bytes]]:
    """Cut a lane's events into runs of at most RUN_EVENTS and about RUN_BYTES."""
    run: list[bytes] = []
    size = 0
    for event in events:
        if run and (len(run) >= RUN_EVENTS or size + len(event) > RUN_BYTES):
            yield run
            run, size = [], 0
        run.append(event)
        size += len(event) + 1
    if run:
        yield run
