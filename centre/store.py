"""What the centre keeps, and the verdict on each event: stored, repeat, conflict, quarantined. One logic for both
databases.

A group of batches is one transaction; streams are locked in one order, so that two receivers cannot dead-lock.
Raises  StoreDown; then nothing of the group is stored and nothing may be answered.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from centre.database import Database, Row
from centre.erased import is_same
from centre.incident_projection import Projection
from centre.judge import Bad, Event, Judged
from centre.ledger import Ledger
from centre.wire import Answer, Birth, RangeVerdict, StoredLane

END_OF_RUN = """
select min(e.sequence) from event e where e.stream = ? and e.sequence > ?
  and not exists (select 1 from event n where n.stream = e.stream and n.sequence = e.sequence + 1)
"""
COVERED = """
select max(last) from (
  select last from loss where stream = ? and first <= ? and last >= ?
  union all select last from quarantine where stream = ? and first <= ? and last >= ?) as ranges
"""


NOTE_BIRTH = """
insert into presence (school, state, session, epoch, seen_ns, body) values (?, ?, ?, ?, ?, ?)
on conflict (school) do update set state = excluded.state, session = excluded.session, epoch = excluded.epoch,
  seen_ns = excluded.seen_ns, body = excluded.body
"""
StreamKey = tuple[str, str, str]  # school, epoch, lane


class Stream(msgspec.Struct):
    """One lane of one epoch of one school."""

    id: int
    through: int
    highest: int
    events: int


class SortedOut(msgspec.Struct):
    """A batch, and which of its sequences were there before: with the same bytes, or with others."""

    batch: Judged
    stream: Stream
    repeats: set[int] = msgspec.field(default_factory=set)
    conflicts: set[int] = msgspec.field(default_factory=set)


class Store:
    """Owns one database connection; one thread uses it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._ledger = Ledger(database)
        self._incidents = Projection(database)

    # --- batches --------------------------------------------------------------------------------------------------

    def store(self, batches: Sequence[Judged]) -> list[list[RangeVerdict]]:
        """Commit a group of batches. Returns the verdicts of each, in the order given."""
        order = sorted(range(len(batches)), key=lambda at: _key(batches[at]))
        with self.database.transaction():
            found = self._group([batches[at] for at in order], time.time_ns())
        verdicts = dict(zip(order, found, strict=True))
        return [verdicts[at] for at in range(len(batches))]

    def requeue(self, number: int, batch: Judged) -> list[RangeVerdict]:
        """A quarantined piece that is sound by today's rules leaves the quarantine for the table. Empty: it is gone."""
        with self.database.transaction():
            if not self.database.execute("delete from quarantine where id = ? returning id", (number,)):
                return []
            return self._group([batch], time.time_ns())[0]

    def _group(self, batches: Sequence[Judged], received_ns: int) -> list[list[RangeVerdict]]:
        """All of them at once: the events by one statement, the streams by three. A batch of six events costs little
        more than its events, also where a whole city sends such ones."""
        streams = self._streams(batches)
        sorted_out = self._sorted_out(batches, streams, received_ns)
        for one in sorted_out:
            self._follow(one, streams, received_ns)
        for school, epoch, through in _judgeable(sorted_out):
            self._ledger.judge(school, epoch, through)
        rows: list[Row] = [(one.through, one.highest, one.events, one.id) for one in streams.values()]
        self.database.execute_many("update stream set through = ?, highest = ?, events = ? where id = ?", rows)
        return [_ranges(one.batch, one.repeats, one.conflicts) for one in sorted_out]

    def _streams(self, batches: Sequence[Judged]) -> dict[StreamKey, Stream]:
        """Those of the batches and those whose losses they tell, locked in the one order; made if they are new, before
        one of them is locked."""
        keys = {_key(batch)[:3] for batch in batches}
        keys |= {(batch.school, loss.epoch, loss.lane) for batch in batches for loss in batch.losses}
        order: list[Row] = sorted(keys)
        find = "select id, through, highest, events from stream where school = ? and epoch = ? and lane = ?"
        known = self.database.execute_each(find, order)
        if missing := [key for key, rows in zip(order, known, strict=True) if not rows]:
            self.database.execute_many(
                "insert into stream (school, epoch, lane) values (?, ?, ?) on conflict do nothing", missing
            )
        found = self.database.execute_each(find + self.database.lock, order)
        return {(school, epoch, lane): Stream(*rows[0])
                for (school, epoch, lane), rows in zip(order, found, strict=True)}  # fmt: skip

    def _sorted_out(
        self, batches: Sequence[Judged], streams: dict[StreamKey, Stream], received_ns: int
    ) -> list[SortedOut]:
        """Insert what is new, and tell it from repeats and conflicts."""
        found: list[SortedOut] = []
        rows: list[Row] = []
        for batch in batches:
            stream = streams[_key(batch)[:3]]
            known: dict[int, str] = {}
            if batch.events and stream.highest >= batch.first:
                self._insert(rows)  # an earlier batch of this group may hold the same
                known = self._known(stream, batch)
            one = SortedOut(batch, stream)
            for event in batch.events:
                body = known.get(event.sequence)
                if body is None:
                    rows.append((stream.id, event.sequence, event.type, event.time, received_ns, event.body))
                    stream.events += 1
                elif is_same(body, event.body):
                    one.repeats.add(event.sequence)
                else:
                    one.conflicts.add(event.sequence)
                    self._keep_apart(stream, event, received_ns)
            stream.highest = max(stream.highest, batch.last)
            found.append(one)
        self._insert(rows)
        return found

    def _insert(self, rows: list[Row]) -> None:
        if rows:
            self.database.insert_events(rows)
            rows.clear()

    def _follow(self, one: SortedOut, streams: dict[StreamKey, Stream], received_ns: int) -> None:
        """What follows from a batch whose events are stored."""
        batch, stream = one.batch, one.stream
        for bad in batch.bad:
            self._set_aside(stream, bad, received_ns)
        self._advance(stream, batch)
        if batch.leaves or batch.notes:
            self._ledger.take(batch, stream.id, one.repeats | one.conflicts, received_ns)
        told = [event for event in batch.incidents if event.sequence not in one.conflicts]
        self._incidents.take(batch.school, stream.id, told, received_ns)
        for picture in batch.told:
            sql = "insert into evidence_told (school, name, type, body) values (?, ?, ?, ?) on conflict do nothing"
            self.database.execute(sql, (batch.school, picture.name, picture.type, picture.body))
        for loss in batch.losses:
            self._note_loss(streams[batch.school, loss.epoch, loss.lane], loss.first, loss.last)

    def _known(self, stream: Stream, batch: Judged) -> dict[int, str]:
        sql = "select sequence, body from event where stream = ? and sequence between ? and ?"
        return dict(self.database.execute(sql, (stream.id, batch.first, batch.last)))

    def _keep_apart(self, stream: Stream, event: Event, received_ns: int) -> None:
        """Other bytes under a key that is taken: each different body once."""
        kept = self.database.execute(
            "select body from conflict where stream = ? and sequence = ?", (stream.id, event.sequence)
        )
        if not any(is_same(body, event.body) for (body,) in kept):
            sql = "insert into conflict (stream, sequence, received_ns, body) values (?, ?, ?, ?)"
            self.database.execute(sql, (stream.id, event.sequence, received_ns, event.body))

    def _set_aside(self, stream: Stream, bad: Bad, received_ns: int) -> None:
        """What cannot be read: each different body once."""
        kept = self.database.execute(
            "select body from quarantine where stream = ? and first = ? and last = ?", (stream.id, bad.first, bad.last)
        )
        if bad.body not in {bytes(body) for (body,) in kept}:
            reason = bad.reason[:500].replace("\0", "")
            self.database.execute(
                "insert into quarantine (stream, first, last, reason, received_ns, body) values (?, ?, ?, ?, ?, ?)",
                (stream.id, bad.first, bad.last, reason, received_ns, bad.body),
            )

    def _advance(self, stream: Stream, batch: Judged | None = None) -> None:
        """Move the contiguous prefix as far as events, quarantine and recorded losses reach."""
        if batch is not None and not batch.bad and batch.first <= stream.through + 1:
            stream.through = max(stream.through, batch.last)
        while stream.through < stream.highest:
            further = self._further(stream)
            if further <= stream.through:
                break
            stream.through = further

    def _further(self, stream: Stream) -> int:
        following = stream.through + 1
        ranges = (stream.id, following, following)
        (covered,) = self.database.execute(COVERED, ranges + ranges)[0]
        if covered:
            return int(covered)
        here = self.database.execute("select 1 from event where stream = ? and sequence = ?", (stream.id, following))
        if not here:
            return stream.through
        (end,) = self.database.execute(END_OF_RUN, (stream.id, stream.through))[0]
        return int(end)

    def _note_loss(self, stream: Stream, first: int, last: int) -> None:
        sql = "insert into loss (stream, first, last) values (?, ?, ?) on conflict do nothing"
        self.database.execute(sql, (stream.id, first, last))
        stream.highest = max(stream.highest, last)  # the box had accepted as many
        self._advance(stream)

    # --- the rest of the wire -------------------------------------------------------------------------------------

    def stored(self, school: str, epochs: Iterable[str]) -> list[StoredLane]:
        """For a welcome."""
        found: list[StoredLane] = []
        for epoch in epochs:
            sql = "select lane, through, highest from stream where school = ? and epoch = ? order by lane"
            rows = self.database.execute(sql, (school, epoch))
            known = {lane: StoredLane(epoch, lane, through, highest) for lane, through, highest in rows}
            found += [known.get(lane, StoredLane(epoch, lane, 0, 0)) for lane in ("alarm", "record", "telemetry")]
        return found

    def note_births(self, births: Iterable[tuple[str, Birth, str]]) -> None:
        """School, birth or death, and its text; of one school the last counts. In one order: two may note the same."""
        last = {school: (birth, body) for school, birth, body in births}
        now_ns = time.time_ns()
        rows: list[Row] = [
            (school, birth.state, birth.session, birth.epoch, now_ns, body)
            for school, (birth, body) in sorted(last.items())
        ]
        with self.database.transaction():
            self.database.execute_many(NOTE_BIRTH, rows)

    def note_ahead(self, school: str, event_id: str, body: str) -> None:
        with self.database.transaction():
            sql = "insert into ahead (school, id, received_ns, body) values (?, ?, ?, ?) on conflict do nothing"
            self.database.execute(sql, (school, event_id, time.time_ns(), body))
            self._incidents.take_ahead(school, body, time.time_ns())

    def note_answer(self, school: str, answer: Answer, body: str) -> None:
        with self.database.transaction():
            sql = "update orders set answer = ? where school = ? and number = ?"
            self.database.execute(sql, (body, school, answer.number))

    def note_refusal(self, school: str, reason: str) -> None:
        with self.database.transaction():
            self.database.execute(
                "insert into refusal (school, reason, count, latest_ns) values (?, ?, 1, ?) "
                "on conflict (school, reason) do update set count = refusal.count + 1, latest_ns = excluded.latest_ns",
                (school, reason, time.time_ns()),
            )

    # --- schools and orders -----------------------------------------------------------------------------------------

    def add_school(self, school: str, key: bytes) -> None:
        with self.database.transaction():
            note_school(self.database, school, key)

    def remove_school(self, school: str) -> None:
        with self.database.transaction():
            self.database.execute("delete from school where name = ?", (school,))

    @contextmanager
    def only(self, school: str) -> Iterator[None]:
        """One transaction in which no other of these changes what is kept of a school by hand."""
        with self.database.transaction():
            row_of_school = "select name from school where name = ?"
            self.database.execute(row_of_school + self.database.lock, (school,))
            yield

    def schools(self) -> dict[str, bytes]:
        """Name to public key."""
        rows: list[Row] = self.database.execute("select name, key from school order by name")
        return {name: bytes(key) for name, key in rows}

    def school_key(self, school: str) -> bytes | None:
        rows = self.database.execute("select key from school where name = ?", (school,))
        return bytes(rows[0][0]) if rows else None

    def epoch_of(self, school: str) -> str:
        """The epoch of the latest birth; empty if there was none."""
        rows = self.database.execute("select epoch from presence where school = ?", (school,))
        return str(rows[0][0]) if rows else ""

    def datasets_of(self, school: str) -> dict[str, str]:
        """Versions of reference data that the box holds, by its latest birth."""
        birth = self._birth(school)
        return birth.datasets if birth else {}

    def recipient_of(self, school: str) -> str:
        """For whom is sealed what only the school's box may read, by its latest birth; empty if it told none."""
        birth = self._birth(school)
        return birth.recipient if birth else ""

    def _birth(self, school: str) -> Birth | None:
        rows = self.database.execute("select body from presence where school = ?", (school,))
        return msgspec.json.decode(rows[0][0], type=Birth) if rows else None

    def new_order(self, school: str, name: str) -> int:
        """The next number for a school, taken."""
        with self.database.transaction():
            row_of_school = "select name from school where name = ?"
            self.database.execute(row_of_school + self.database.lock, (school,))
            sql = "select coalesce(max(number), 0) from orders where school = ?"
            (last,) = self.database.execute(sql, (school,))[0]
            sql = "insert into orders (school, number, name, issued_ns) values (?, ?, ?, ?)"
            self.database.execute(sql, (school, last + 1, name, time.time_ns()))
            return int(last) + 1

    def answer_to(self, school: str, number: int) -> str | None:
        sql = "select answer from orders where school = ? and number = ?"
        rows = self.database.execute(sql, (school, number))
        return rows[0][0] if rows else None


def note_school(database: Database, school: str, key: bytes) -> None:
    """Within a transaction: the box of a school signs with this key from now on."""
    sql = (
        "insert into school (name, key, added_ns) values (?, ?, ?) on conflict (name) do update set key = excluded.key"
    )
    database.execute(sql, (school, key, time.time_ns()))
    sql = "insert into school_key (school, key, added_ns) values (?, ?, ?) on conflict do nothing"
    database.execute(sql, (school, key, time.time_ns()))  # what a former key has signed stays signed


def _key(batch: Judged) -> tuple[str, str, str, int]:
    return batch.school, batch.epoch, batch.lane, batch.first


def _judgeable(group: Iterable[SortedOut]) -> list[tuple[str, str, int]]:
    """School, epoch and contiguous prefix of ledgers to which the group adds, or whose gap it closes; each once."""
    return list(
        dict.fromkeys(
            (one.batch.school, one.batch.epoch, one.stream.through)
            for one in group
            if one.batch.leaves
            or one.batch.notes
            or (one.batch.lane == "record" and one.stream.through > one.batch.last)
        )
    )


def _ranges(batch: Judged, repeats: set[int], conflicts: set[int]) -> list[RangeVerdict]:
    """The verdicts of a batch, neighbours of one kind joined."""
    aside = {sequence for bad in batch.bad for sequence in range(bad.first, bad.last + 1)}
    if not (repeats or conflicts or aside):
        return [RangeVerdict("stored", batch.first, batch.last)]
    found: list[RangeVerdict] = []
    for sequence in range(batch.first, batch.last + 1):
        verdict = (
            "quarantined" if sequence in aside
            else "conflict" if sequence in conflicts
            else "repeat" if sequence in repeats
            else "stored"
        )  # fmt: skip
        if found and found[-1].verdict == verdict:
            found[-1] = RangeVerdict(verdict, found[-1].first, sequence)
        else:
            found.append(RangeVerdict(verdict, sequence, sequence))
    return found
