"""Ledgers as they arrive: leaves are filed, checkpoints and statements noted, and judged once their leaves are here.

All within the transaction that stores the events; a verdict never blocks or loses one. What an epoch's log was when it
was last judged is kept as its right edge, so that a judgement hashes only what is new.
Not     the whole log against the bodies that are stored now: centre/ledger_check.py
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import msgspec

from centre.database import Database
from centre.judge import Event, Judged
from centre.ledger_entry import CHECKPOINT, SUSPICION, UNREADABLE, Line, index, line_in, read, suspicion_in
from centre.ledger_note import BadNote, open_checkpoint, origin_of
from centre.ledger_tree import EMPTY_ROOT, Edge, edge_of
from centre.ledger_verdict import (
    FORKED,
    PENDING,
    UNLIKE_OURS,
    VERIFIED,
    Said,
    Truth,
    differs,
    of_checkpoint,
    of_statement,
)

PAGE = 2_000
FILE_LEAF = "insert into ledger_leaf (school, epoch, idx, stream, sequence, entry_hash) values (?, ?, ?, ?, ?, ?)"
FILE_CHECKPOINT = """
insert into ledger_checkpoint (school, epoch, stream, sequence, size, root, note, verdict, received_ns)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
FILE_STATEMENT = """
insert into statement (school, epoch, idx, stream, sequence, day, body, verdict) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict do nothing
"""
WAITING = """
select size, 0, sequence from ledger_checkpoint where school = ? and epoch = ? and verdict = 'pending'
union all select idx, 1, sequence from statement where school = ? and epoch = ? and verdict = 'pending' order by 1, 2, 3
"""
HASHES = """
select idx, entry_hash from ledger_leaf where school = ? and epoch = ? and idx >= ? and idx < ?
order by idx, stream, sequence limit ?
"""
SUSPICIONS = """
select e.body from stream s join event e on e.stream = s.id
where s.school = ? and s.epoch = ? and s.lane = 'record' and e.sequence > ? and e.sequence < ? and e.type = ?
"""
UNMASK = """
update ledger_checkpoint set verdict = ? where school = ? and epoch = ? and verdict = ? and size <= (
  select max(size) from ledger_checkpoint where school = ? and epoch = ? and verdict = 'verified')
"""
BODIES = """
select e.body from ledger_leaf l join event e on e.stream = l.stream and e.sequence = l.sequence
where l.school = ? and l.epoch = ? and l.idx >= ? and l.idx < ?
"""


class _CheckpointData(msgspec.Struct):
    size: int
    note: str


class _CheckpointEvent(msgspec.Struct):
    data: _CheckpointData


class _StatementEvent(msgspec.Struct):
    data: Said
    leaf: str


class Ledger:
    """Works on the database of a centre.store.Store, whose transaction has locked the epoch's stream."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, batch: Judged, stream: int, known: Collection[int], received_ns: int) -> None:
        """File what is new of a batch; `known`: sequences that are stored already, or not at all."""
        leaves = [leaf for leaf in batch.leaves if leaf.sequence not in known]
        if leaves:
            rows = [(batch.school, batch.epoch, one.idx, stream, one.sequence, one.hash) for one in leaves]
            self._database.execute_many(FILE_LEAF, rows)
        for event in batch.notes:
            if event.sequence not in known:
                file = self._checkpoint if event.type == CHECKPOINT else self._statement
                file(batch, stream, event, received_ns)

    def _checkpoint(self, batch: Judged, stream: int, event: Event, received_ns: int) -> None:
        size, root, note = 0, b"", ""
        try:
            data = msgspec.json.decode(event.body, type=_CheckpointEvent).data
            size, note = max(0, min(data.size, 2**53)), data.note
            found = open_checkpoint(note, origin_of(batch.school, batch.epoch), keys_of(self._database, batch.school))
            verdict, root = PENDING, found.root
            if found.size != data.size:
                verdict = differs(f"it is said to be of {data.size} leaves and signed for {found.size}")
        except (BadNote, *UNREADABLE) as error:
            verdict = differs(str(error))
        place = (batch.school, batch.epoch, stream, event.sequence)
        self._database.execute(FILE_CHECKPOINT, (*place, size, root, note, verdict, received_ns))

    def _statement(self, batch: Judged, stream: int, event: Event, _received_ns: int) -> None:
        try:
            found = msgspec.json.decode(event.body, type=_StatementEvent)
            day, idx, verdict = found.data.day, index(found.leaf), PENDING
        except UNREADABLE as error:
            day, idx, verdict = "", _claimed(event), differs(f"it cannot be read: {error}")
        if idx is not None:
            row = (batch.school, batch.epoch, idx, stream, event.sequence, day, event.body, verdict)
            self._database.execute(FILE_STATEMENT, row)

    # --- judging ----------------------------------------------------------------------------------------------------

    def judge(self, school: str, epoch: str, through: int) -> None:
        """What waits, as far as its leaves are here; `through`: the end of the record lane's contiguous prefix."""
        waiting = self._database.execute(WAITING, (school, epoch) * 2)
        if not waiting:
            return
        log = _Log(self._database, school, epoch)
        for size, is_statement, sequence in waiting:
            if not (log.reach(size) and log.reach(size + is_statement)):
                break
            if is_statement:
                self._judge_statement(log, size, sequence, through)
            else:
                self._judge_checkpoint(log, size, sequence)
        log.keep()
        self._database.execute(UNMASK, (FORKED, school, epoch, UNLIKE_OURS, school, epoch))

    def _judge_checkpoint(self, log: _Log, size: int, sequence: int) -> None:
        sql = "select root, verdict, size, sequence from ledger_checkpoint where school = ? and epoch = ? and size >= ?"
        rows = self._database.execute(sql, (log.school, log.epoch, size))
        root = next(bytes(row[0]) for row in rows if row[3] == sequence)
        settled = any(verdict == VERIFIED for _, verdict, _, _ in rows)
        others = any(bytes(other) not in (b"", root) and beside == size for other, _, beside, _ in rows)
        verdict = of_checkpoint(root, log.root(size), settled=settled, others=others)
        sql = "update ledger_checkpoint set verdict = ? where school = ? and epoch = ? and sequence = ?"
        self._database.execute(sql, (verdict, log.school, log.epoch, sequence))

    def _judge_statement(self, log: _Log, idx: int, sequence: int, through: int) -> None:
        if through < sequence - 1:
            return  # suspicions before it may still come
        key = (log.school, log.epoch)
        body = self._database.execute(
            "select body from statement where school = ? and epoch = ? and idx = ?", (*key, idx)
        )
        said = msgspec.json.decode(body[0][0], type=_StatementEvent).data
        sql = (
            "select idx, sequence, root_after from statement where school = ? and epoch = ? and idx < ? "
            "order by idx desc limit 1"
        )
        former = self._database.execute(sql, (*key, idx))
        before, since, root_first = former[0] if former else (-1, 0, EMPTY_ROOT)
        truth = Truth(
            idx=idx,
            first=before + 1,
            root_first=bytes(root_first) or log.root(before + 1),
            root_end=log.root(idx),
            sums=self._sums(log, before + 1, idx, since, sequence),
        )
        sql = "update statement set verdict = ?, root_after = ? where school = ? and epoch = ? and idx = ?"
        self._database.execute(sql, (of_statement(said, truth), log.root(idx + 1), *key, idx))

    def _sums(self, log: _Log, first: int, end: int, since: int, until: int) -> Counter[Line]:
        found: Counter[Line] = Counter()
        for (body,) in self._database.execute(BODIES, (log.school, log.epoch, first, end)):
            line = line_in(body)
            if line:
                found[line] += 1
        for (body,) in self._database.execute(SUSPICIONS, (log.school, log.epoch, since, until, SUSPICION)):
            line = suspicion_in(body)
            if line:
                found[line] += 1
        return found


class _Log:
    """One epoch's log from its kept edge on. A root that lies behind the edge is hashed from the start: it is rare."""

    def __init__(self, database: Database, school: str, epoch: str) -> None:
        self._database = database
        self.school = school
        self.epoch = epoch
        sql = "select size, peaks from ledger_edge where school = ? and epoch = ?"
        kept = database.execute(sql, (school, epoch))
        self._edge = edge_of(kept[0][0], bytes(kept[0][1])) if kept else Edge()
        self._roots: dict[int, bytes] = {}

    def reach(self, size: int) -> bool:
        """Whether so many leaves are here, without a hole."""
        self._fold(self._edge, size)
        if self._edge.size == size:
            self._roots[size] = self._edge.root()
        return self._edge.size >= size

    def root(self, size: int) -> bytes:
        """Of so many leaves, which were reached."""
        if size not in self._roots:
            again = Edge()
            self._fold(again, size)
            self._roots[size] = again.root()
        return self._roots[size]

    def keep(self) -> None:
        sql = (
            "insert into ledger_edge (school, epoch, size, peaks) values (?, ?, ?, ?) "
            "on conflict (school, epoch) do update set size = excluded.size, peaks = excluded.peaks"
        )
        self._database.execute(sql, (self.school, self.epoch, self._edge.size, self._edge.kept()))

    def _fold(self, edge: Edge, size: int) -> None:
        """Up to this size, or the first hole. Of two claims to one place the first counts; ledger_check tells."""
        while (before := edge.size) < size:
            key = (self.school, self.epoch, edge.size, size, PAGE)
            for idx, leaf in self._database.execute(HASHES, key):
                if idx == edge.size:
                    edge.append(bytes(leaf))
                elif idx > edge.size:
                    return
            if edge.size == before:
                return


def keys_of(database: Database, school: str) -> list[bytes]:
    """The public keys under which this school's boxes were registered, the present one first."""
    sql = "select key, added_ns from school where name = ? union select key, added_ns from school_key where school = ?"
    rows = sorted(database.execute(sql, (school, school)), key=lambda row: -int(row[1]))
    return list(dict.fromkeys(bytes(key) for key, _ in rows))


def _claimed(event: Event) -> int | None:
    try:
        return index(read(event.body).leaf)
    except UNREADABLE:
        return None
