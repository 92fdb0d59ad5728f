"""Accepted events as the database holds them, for a program that is not the daemon: `mektep tail`, `outbox`, `top`.

Holds   nothing: each read is one statement that is fetched whole, so that no lock and no old view stays (D-124).
Follows also a database that was set aside, and epochs that begin meanwhile.
Raises  AgentError X-201 there is none, X-202 it may not be read, D-101 and D-122 it cannot be.
"""

from __future__ import annotations

import itertools
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent import db
from agent.errors import AgentError
from agent.model import Lane
from agent.outbox.envelope import split
from agent.outbox.inspect import unread

RUNS = 200  # of one read
EPOCHS = "select id, uuid from epoch order by id"
LANES = """
select e.uuid, l.lane, l.settled,
       max(coalesce((select max(last) from message m where m.epoch = l.epoch and m.lane = l.lane), 0), l.settled),
       coalesce((select min(first) from message m where m.epoch = l.epoch and m.lane = l.lane), 0),
       coalesce((select sum(length(body)) from message m where m.epoch = l.epoch and m.lane = l.lane), 0),
       coalesce((select accepted_ns from message m where m.epoch = l.epoch and m.lane = l.lane and m.last > l.settled
                 order by first limit 1), 0)
from lane l join epoch e on e.id = l.epoch order by e.id, l.lane
"""
COLUMNS = "select m.first, m.last, m.accepted_ns, m.crc, m.body from message m where m.epoch = ?1 and m.lane = ?2 "
AFTER = COLUMNS + "and m.first > ?3 order by m.first limit ?4"
BEFORE = COLUMNS + "and m.first < ?3 order by m.first desc limit ?4"
HOLDING = """
select coalesce(max(first), 1) from message where epoch = ?1 and lane = ?2 and first <= ?3
"""
FOREVER = 1 << 62
Marks = dict[tuple[str, Lane], int]  # epoch and lane -> the last sequence that was read


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it is on the disk."""

    epoch: str
    lane: Lane
    sequence: int
    accepted_ns: int
    body: bytes  # as it is sent; empty: the disk has damaged it

    @property
    def place(self) -> str:
        return f"{self.epoch}/{self.lane.word}/{self.sequence}"


class LaneRow(msgspec.Struct, frozen=True, kw_only=True):
    """One lane of one epoch."""

    epoch: str
    lane: Lane
    settled: int
    last: int
    first_kept: int  # 0: none is on the disk
    bytes: int
    oldest_owed_ns: int  # when the first event that is owed was accepted; 0: none is

    @property
    def owed(self) -> int:
        return self.last - self.settled


class Stored:
    """Of one box. close() it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._file, self._version = 0, -1

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def changed(self) -> bool:
        """Whether anything was committed since this was asked last; cheap."""
        version = self._rows("pragma data_version")[0][0]
        news, self._version = bool(version != self._version), version
        return news

    def lanes(self) -> list[LaneRow]:
        """All lanes of all epochs, the newest epoch last."""
        return [
            LaneRow(
                epoch=epoch, lane=Lane(lane), settled=settled, last=last, first_kept=first, bytes=size,
                oldest_owed_ns=oldest,
            )
            for epoch, lane, settled, last, first, size, oldest in self._rows(LANES)
        ]  # fmt: skip

    def marks(self) -> Marks:
        """Where everything ends now."""
        return {(epoch, lane): self._end(number, lane) for number, epoch in self._rows(EPOCHS) for lane in Lane}

    def newer(self, marks: Marks, lanes: Iterable[Lane] = tuple(Lane)) -> list[Kept]:
        """What was accepted after the marks, which are moved on; in order of acceptance."""
        found: list[Kept] = []
        for epoch_id, epoch in self._rows(EPOCHS):
            for lane in lanes:
                runs = self._rows(AFTER, epoch_id, int(lane), marks.get((epoch, lane), 0), RUNS)
                if runs:
                    marks[epoch, lane] = runs[-1][1]
                    found += itertools.chain.from_iterable(_events(epoch, lane, run) for run in runs)
        return in_order(found)

    def latest(self, count: int, lanes: Iterable[Lane] = tuple(Lane), since_ns: int = 0) -> list[Kept]:
        """The last events, so many at most of each lane, none accepted before a moment; in order of acceptance."""
        found: list[Kept] = []
        for lane in lanes:
            newest = itertools.islice(self._backwards(lane), count)
            found += itertools.takewhile(lambda event: event.accepted_ns >= since_ns, newest)
        return in_order(found)

    def range(self, epoch: str, lane: Lane, first: int, last: int) -> Iterator[Kept]:
        """Of one lane, in order. What was removed or dropped is not there."""
        epoch_id = self._epoch_id(epoch)
        ((after,),) = self._rows(HOLDING, epoch_id, int(lane), first)
        after -= 1
        while runs := self._rows(AFTER, epoch_id, int(lane), after, RUNS):
            for run in runs:
                if run[0] > last:
                    return
                yield from (one for one in _events(epoch, lane, run) if first <= one.sequence <= last)
            after = runs[-1][0]

    def newest_epoch(self) -> str:
        """Empty if there is none."""
        return str(self._rows(EPOCHS)[-1][1]) if self._rows(EPOCHS) else ""

    def _backwards(self, lane: Lane) -> Iterator[Kept]:
        for epoch_id, epoch in reversed(self._rows(EPOCHS)):
            before = FOREVER
            while runs := self._rows(BEFORE, epoch_id, int(lane), before, RUNS):
                for run in runs:
                    yield from reversed(_events(epoch, lane, run))
                before = runs[-1][0]

    def _end(self, epoch_id: int, lane: Lane) -> int:
        newest = self._rows(BEFORE, epoch_id, int(lane), FOREVER, 1)
        return int(newest[0][1]) if newest else 0

    def _epoch_id(self, epoch: str) -> int:
        """Raises AgentError X-203."""
        known = {name: number for number, name in self._rows(EPOCHS)}
        found = [number for name, number in known.items() if name.startswith(epoch)]
        if len(found) != 1:
            do = "`mektep outbox list` names the epochs; the first characters of one will do."
            raise AgentError("X-203", f"no epoch {epoch} is in the database", do=do)
        return int(found[0])

    def _rows(self, sql: str, *args: object) -> list[Any]:
        """Raises AgentError."""
        try:
            return self._connection().execute(sql, args).fetchall()
        except sqlite3.Error as error:
            self.close()
            found = unread(self._path, error)
            raise AgentError(found.code, found.what, do=found.do) from error

    def _connection(self) -> sqlite3.Connection:
        try:
            file = self._path.stat().st_ino
            if self._db is None or file != self._file:
                self.close()
                self._path.open("rb").close()  # SQLite says only that it cannot
                self._db, self._file = db.connect_reader(self._path), file
        except FileNotFoundError as error:
            do = "Start the agent once: it makes the database. Is this the right configuration?"
            raise AgentError("X-201", f"there is no database {self._path}", do=do) from error
        except PermissionError as error:
            raise AgentError("X-202", f"{self._path} cannot be read by this user", do="Run it with sudo.") from error
        return self._db


def in_order(events: Iterable[Kept]) -> list[Kept]:
    """As they were accepted."""
    return sorted(events, key=lambda event: (event.accepted_ns, event.lane, event.sequence))


def _events(epoch: str, lane: Lane, run: tuple[int, int, int, int, bytes]) -> list[Kept]:
    first, last, accepted_ns, crc, body = run
    try:
        bodies = split(body) if zlib.crc32(body) == crc else []
    except msgspec.DecodeError:
        bodies = []
    if len(bodies) != last - first + 1:
        bodies = [b""] * (last - first + 1)
    return [
        Kept(epoch=epoch, lane=lane, sequence=first + at, accepted_ns=accepted_ns, body=one)
        for at, one in enumerate(bodies)
    ]
