"""One ledger anew, leaf by leaf, from what the database holds now: what was altered, removed, swapped or never came.

What came is known by the hash that was kept on receipt, what was signed by the box's checkpoints: a row that was
changed afterwards differs from the one, rows that were changed together with their hashes from the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec

from centre.database import Database
from centre.ledger import keys_of
from centre.ledger_entry import (
    CHECKPOINT,
    STATEMENT,
    SUSPICION,
    UNREADABLE,
    Facts,
    LeafEvent,
    Line,
    entry_of,
    facts_of,
    index,
    line_of,
    read,
    suspicion_in,
)
from centre.ledger_note import BadNote, open_checkpoint, origin_of
from centre.ledger_tree import EMPTY_ROOT, Edge, leaf_hash
from centre.ledger_verdict import PENDING, VERIFIED, Said, Truth, differs, kind_of, of_checkpoint, of_statement
from centre.plain import plain

PAGE = 2_000
ROWS = """
select l.idx, l.stream, l.sequence, l.entry_hash, e.body, x.entry from ledger_leaf l
left join event e on e.stream = l.stream and e.sequence = l.sequence
left join ledger_entry x on x.school = l.school and x.epoch = l.epoch and x.idx = l.idx
where l.school = ? and l.epoch = ? and (l.idx, l.stream, l.sequence) > (?, ?, ?)
order by l.idx, l.stream, l.sequence limit ?
"""
TOLD = """
select e.sequence, e.type, e.body from stream s join event e on e.stream = s.id
where s.school = ? and s.epoch = ? and s.lane = 'record' and e.type in (?, ?) order by e.sequence
"""
NOTES = """
select sequence, size, note, verdict, cosigned from ledger_checkpoint where school = ? and epoch = ? order by sequence
"""
GONE = """
select s.events - (select count(*) from event e where e.stream = s.id) from stream s
where s.school = ? and s.epoch = ? and s.lane = 'record'
"""
EXPLAINED = """
select sum(lost), sum(aside) from (
  select count(*) as lost, 0 as aside from loss l join stream s on s.id = l.stream
  where s.school = ? and s.epoch = ? and s.lane = 'record'
  union all select 0, count(*) from quarantine q join stream s on s.id = q.stream
  where s.school = ? and s.epoch = ? and s.lane = 'record') as found
"""


class Fault(msgspec.Struct, frozen=True):
    """Something that is not as it was signed, or not here."""

    epoch: str
    idx: int  # of the leaf; -1: not of one leaf
    day: str  # as far as it is known
    says: str

    def __str__(self) -> str:
        place = f"leaf {self.idx} of {self.epoch}" if self.idx >= 0 else f"ledger {self.epoch}"
        return f"{place}{f', {self.day}' if self.day else ''}: {self.says}"


class CheckpointSeen(msgspec.Struct, frozen=True):
    sequence: int
    size: int
    verdict: str
    root: bytes
    note: str
    cosigned: str


class StatementSeen(msgspec.Struct, frozen=True):
    idx: int
    day: str
    verdict: str
    said: Mapping[Line, int]
    held: Mapping[Line, int]


class LeafSeen(msgspec.Struct, frozen=True, gc=False):
    """A leaf whose event or entry is here, and can be read."""

    epoch: str
    idx: int
    type: str
    time: str
    hash: bytes
    facts: Facts

    @property
    def name(self) -> str:
        return f"{self.epoch}/{self.idx}"


class Checked(msgspec.Struct):
    """What was found of one ledger."""

    epoch: str
    leaves: int = 0  # that are here
    size: int = 0  # without a hole
    faults: list[Fault] = []
    checkpoints: list[CheckpointSeen] = []
    statements: list[StatementSeen] = []
    unstated: Counter[tuple[str, Line]] = msgspec.field(default_factory=Counter)  # month by the clock, line
    latest: str = ""  # time of the last leaf
    roots: Mapping[int, bytes] = {}  # by size, of checkpoints and as asked for

    @property
    def verified(self) -> int:
        """How many leaves stand under a checkpoint that fits."""
        return max((one.size for one in self.checkpoints if one.verdict == VERIFIED), default=0)

    @property
    def forked(self) -> bool:
        return any(kind_of(one.verdict) not in (VERIFIED, PENDING) and one.root for one in self.checkpoints)


Sink = Callable[[LeafSeen], None]


def epochs_of(database: Database, school: str) -> list[str]:
    """Those with records, in the order in which they came."""
    sql = "select epoch from stream where school = ? and lane = 'record' and events > 0 order by id"
    return [epoch for (epoch,) in database.execute(sql, (school,))]


def check(
    database: Database, school: str, epoch: str, sink: Sink = lambda _leaf: None, *, sizes: Collection[int] = ()
) -> Checked:
    """The whole ledger of an epoch; call it in a snapshot. Leaves that count go to the sink; `sizes`: of more roots."""
    return _Check(database, school, epoch, sink).run(sizes)


class _Row(msgspec.Struct, frozen=True, gc=False):
    idx: int
    stream: int
    sequence: int
    hash: bytes
    body: str | None
    entry: str | None


class _Check:
    """The walk over one ledger."""

    def __init__(self, database: Database, school: str, epoch: str, sink: Sink) -> None:
        self._database = database
        self._school = school
        self._epoch = epoch
        self._sink = sink
        self._found = Checked(epoch)
        self._edge = Edge()
        self._hole = -1
        self._roots: dict[int, bytes] = {0: EMPTY_ROOT}
        self._sums: Counter[Line] = Counter()
        self._before = (-1, 0, EMPTY_ROOT)  # of the statement before: its leaf, its sequence, the root after it
        self._suspicions: list[tuple[int, Line]] = []
        self._months: Counter[tuple[str, Line]] = Counter()

    def run(self, sizes: Collection[int]) -> Checked:
        notes = self._notes()
        self._walk({note.size for note in notes} | set(sizes))
        for sequence, line in self._suspicions:
            if sequence > self._before[1]:
                self._months[line[1][:7], line] += 1
        self._found.size = self._edge.size
        self._found.unstated = self._months
        self._found.roots = self._roots
        self._count_records()
        self._judge(notes)
        return self._found

    def _walk(self, wanted: Collection[int]) -> None:
        last = -1
        for row in self._rows():
            if row.idx == last:
                self._fault(row.idx, "", f"a second event, record/{row.sequence}, claims this place")
                continue
            if row.idx > last + 1 and self._hole < 0:
                self._hole = last + 1
                self._fault(last + 1, "", f"{_range(last + 1, row.idx - 1)} not here{self._explained()}")
            last = row.idx
            self._leaf(row)
            if self._hole < 0:
                self._edge.append(row.hash)
                if self._edge.size in wanted:
                    self._roots[self._edge.size] = self._edge.root()

    def _count_records(self) -> None:
        for (gone,) in self._database.execute(GONE, (self._school, self._epoch)):
            if gone:
                done = "removed" if gone > 0 else "added"
                self._fault(-1, "", f"{abs(gone)} of its records: {done} after they came")

    # --- leaves -----------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[_Row]:
        after = (-1, -1, -1)
        while rows := self._database.execute(ROWS, (self._school, self._epoch, *after, PAGE)):
            for idx, stream, sequence, hash_, body, entry in rows:
                yield _Row(idx, stream, sequence, bytes(hash_), body, entry)
            after = rows[-1][:3]

    def _leaf(self, row: _Row) -> None:
        text = row.body or row.entry
        if text is None:
            self._fault(row.idx, "", f"its event, record/{row.sequence}, is gone from the database")
            return
        self._found.leaves += 1
        try:
            event = read(text)
            facts = facts_of(event)
            entry = entry_of(event)
        except UNREADABLE as error:
            self._fault(row.idx, "", f"its event, record/{row.sequence}, cannot be read: {error}")
            return
        if leaf_hash(entry) != row.hash:
            self._fault(row.idx, facts.day or event.time[:10], self._altered(row, event))
        elif row.body is not None and not self._in_place(row, event):
            self._fault(
                row.idx, facts.day or event.time[:10], "its event stands under another number than it came with"
            )
        self._count(row, event, facts)

    def _altered(self, row: _Row, event: LeafEvent) -> str:
        what = event.type.removeprefix("kz.mektep.").removesuffix(".v1")
        claimed = index(event.leaf)
        if row.body is not None and claimed is not None and claimed != row.idx:
            return f"here stands what came as leaf {claimed} ({what})"
        return f"its event, record/{row.sequence} ({what}), is not what came: it was altered afterwards"

    def _in_place(self, row: _Row, event: LeafEvent) -> bool:
        source = f"/schools/{self._school}/{self._epoch}/"
        return (
            index(event.leaf) == row.idx
            and event.source.startswith(source)
            and event.sequence == f"{row.sequence:019d}"
        )

    def _count(self, row: _Row, event: LeafEvent, facts: Facts) -> None:
        if event.type == STATEMENT and not event.reissueof:
            self._statement(row, event)
            return
        self._found.latest = event.time
        line = line_of(event.type, facts)
        if line:
            self._sums[line] += 1
            self._months[event.time[:7], line] += 1
            self._sink(LeafSeen(self._epoch, row.idx, event.type, event.time, row.hash, facts))

    def _statement(self, row: _Row, event: LeafEvent) -> None:
        before, since, root_first = self._before
        for sequence, line in self._suspicions:
            if since < sequence < row.sequence:
                self._sums[line] += 1
        root_end = self._edge.root()
        after = Edge(self._edge.size, list(self._edge.peaks))
        after.append(row.hash)
        day, said = "", {}
        try:
            statement = msgspec.convert(event.data, Said)
            day, said = statement.day, statement.sums()
            truth = Truth(
                idx=row.idx, first=before + 1, root_first=root_first, root_end=root_end, sums=dict(self._sums)
            )
            verdict = of_statement(statement, truth) if self._hole < 0 else self._waits()
        except msgspec.ValidationError as error:
            verdict = differs(f"it cannot be read: {error}")
        self._found.statements.append(StatementSeen(row.idx, plain(day), verdict, said, dict(self._sums)))
        self._sums.clear()
        self._months.clear()
        self._before = (row.idx, row.sequence, after.root())

    # --- checkpoints ------------------------------------------------------------------------------------------------

    def _notes(self) -> list[CheckpointSeen]:
        """Every checkpoint of which event or row is here, not judged yet; and the suspicions on the way."""
        kept = {row[0]: row[1:] for row in self._database.execute(NOTES, (self._school, self._epoch))}
        told: dict[int, str] = {}
        for sequence, type_, body in self._database.execute(TOLD, (self._school, self._epoch, CHECKPOINT, SUSPICION)):
            line = suspicion_in(body) if type_ == SUSPICION else None
            if line:
                self._suspicions.append((sequence, line))
            elif type_ == CHECKPOINT and (note := _note_in(body)) is not None:
                told[sequence] = note
        keys = keys_of(self._database, self._school)
        return [
            self._note(sequence, told.get(sequence), kept.get(sequence), keys) for sequence in sorted({*kept, *told})
        ]

    def _note(
        self, sequence: int, told: str | None, kept: Sequence[object] | None, keys: list[bytes]
    ) -> CheckpointSeen:
        size, note, _, cosigned = kept or (0, told, "", "")
        if told is None:
            self._fault(-1, "", f"the event of a checkpoint, record/{sequence}, is gone from the database")
        elif kept is None:
            self._fault(-1, "", f"the checkpoint of record/{sequence} is gone from its table")
        elif note != told:
            self._fault(
                -1, "", f"the checkpoint of record/{sequence} is not the one that came: it was altered afterwards"
            )
        note = str(note if told is None else told)
        try:
            found = open_checkpoint(note, origin_of(self._school, self._epoch), keys)
        except BadNote as error:
            return CheckpointSeen(sequence, int(str(size)), differs(str(error)), b"", note, str(cosigned))
        return CheckpointSeen(sequence, found.size, PENDING, found.root, note, str(cosigned))

    def _judge(self, notes: list[CheckpointSeen]) -> None:
        right = {one.size for one in notes if one.root and self._roots.get(one.size) == one.root}
        settled = max(right, default=-1)
        for one in notes:
            verdict = one.verdict
            if verdict == PENDING and one.size in self._roots:
                others = any(other.size == one.size and other.root not in (b"", one.root) for other in notes)
                ours = self._roots[one.size]
                verdict = of_checkpoint(one.root, ours, settled=settled >= one.size, others=others)
            elif verdict == PENDING:
                verdict = self._waits()
            self._found.checkpoints.append(msgspec.structs.replace(one, verdict=verdict))
            if kind_of(verdict) not in (VERIFIED, PENDING):
                low = max((size for size in right if size < one.size), default=0)
                where = f"; among leaves {low} to {one.size - 1} is one that the box did not sign" if one.root else ""
                says = f"checkpoint record/{one.sequence} of {one.size} leaves: {verdict}{where}"
                self._fault(-1, "", says)
        for statement in self._found.statements:
            if kind_of(statement.verdict) not in (VERIFIED, PENDING):
                self._fault(statement.idx, statement.day, f"the statement {statement.verdict}")

    # --- words ------------------------------------------------------------------------------------------------------

    def _waits(self) -> str:
        return f"{PENDING}: leaf {self._hole if self._hole >= 0 else self._edge.size} is not here"

    def _explained(self) -> str:
        ((lost, aside),) = self._database.execute(EXPLAINED, (self._school, self._epoch) * 2)
        if lost:
            return ": the box has recorded losses"
        return ": see the quarantine" if aside else ", and nothing explains it"

    def _fault(self, idx: int, day: str, says: str) -> None:
        self._found.faults.append(Fault(self._epoch, idx, plain(day), plain(says)))


def _note_in(body: str) -> str | None:
    """None for one that was issued again: it speaks of another ledger."""
    try:
        event = read(body)
    except UNREADABLE:
        return ""
    return None if event.reissueof else str(event.data.get("note", ""))


def _range(first: int, last: int) -> str:
    return "it is" if first == last else f"it and those up to {last} are"
