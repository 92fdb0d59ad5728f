"""Reads owed events as batches, on a connection and a thread of its own: the writer never waits for it.

Each read is one short statement, so that it does not hold up the checkpoint.
Raises  Damaged if a stored run does not have its checksum.
"""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agent import db
from agent.model import Batch, Lane
from agent.outbox.envelope import split

ROWS = 2000  # of one read: more than a batch ever holds
SELECT = """
select first, last, crc, body from message
where epoch = ?1 and lane = ?2
  and first >= coalesce((select max(first) from message where epoch = ?1 and lane = ?2 and first <= ?3 + 1), 0)
order by first limit ?4
"""
COUNT = """
select coalesce(sum(min(last, ?4) - max(first, ?3) + 1), 0) from message
where epoch = ?1 and lane = ?2 and last >= ?3 and first <= ?4
"""


class Damaged(Exception):
    """The database holds something else than was written: it must be salvaged."""


class Reader:
    """Owns a read-only connection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._forgetting = db.Forgetting()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outbox-reader")

    async def batch(
        self, epoch_id: int, epoch: str, lane: Lane, after: int, *, max_bytes: int, max_events: int
    ) -> Batch | None:
        """The next contiguous events with a sequence above `after`; None if there are none."""

        def read() -> Batch | None:
            rows = self._connection().execute(SELECT, (epoch_id, int(lane), after, ROWS))
            return join(rows, epoch, lane, after, max_bytes=max_bytes, max_events=max_events)

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    async def count(self, epoch_id: int, lane: Lane, first: int, last: int) -> int:
        """How many events of a range are still here."""

        def read() -> int:
            (count,) = self._connection().execute(COUNT, (epoch_id, int(lane), first, last)).fetchone()
            return int(count)

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        if self._db is not None:
            self._db.close()

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = db.connect_reader(self._path)
        self._forgetting.look(self._db)
        return self._db


def join(
    rows: Iterator[tuple[int, int, int, bytes]], epoch: str, lane: Lane, after: int, *, max_bytes: int, max_events: int
) -> Batch | None:
    """Runs into a batch: as many whole runs as fit; a run is cut only where it must be. Raises Damaged."""
    joined = _Joined(max_bytes, max_events)
    for run_first, run_last, crc, body in rows:
        if run_last <= after:
            continue
        if zlib.crc32(body) != crc:
            raise Damaged(f"run {run_first} to {run_last} of lane {lane.word} does not have its checksum")
        if not joined.take(run_first, run_last, body, after):
            break
    if not joined.parts:
        return None
    body = b"[" + b",".join(joined.parts) + b"]"
    return Batch(epoch=epoch, lane=lane, first=joined.first, last=joined.last, body=body)


class _Joined:
    """A batch in the making."""

    def __init__(self, max_bytes: int, max_events: int) -> None:
        self.parts: list[bytes] = []
        self.first = self.last = 0
        self._room, self._room_events = max_bytes, max_events

    def take(self, run_first: int, run_last: int, body: bytes, after: int) -> bool:
        """Add a run, or what fits of it if it is the first. False if the batch ends here."""
        begin = max(run_first, after + 1)
        if self.parts and begin != self.last + 1:
            return False  # what lay between was dropped: the next batch starts after the gap
        part, end = body, run_last
        fits = len(body) <= self._room and run_last - begin < self._room_events
        if not fits and self.parts:
            return False
        if not fits or run_first <= after:
            part, end = _cut(body, begin - run_first, begin, self._room, self._room_events)
        self.first = self.first or begin
        self.last = end
        self._room -= len(part) + 1
        self._room_events -= end - begin + 1
        self.parts.append(part)
        return end == run_last


def _cut(body: bytes, skip: int, begin: int, room: int, room_events: int) -> tuple[bytes, int]:
    """At least one event of a run, from its `skip`-th on, as many as fit. Returns their bytes and the last sequence."""
    taken: list[bytes] = []
    size = 0
    for event in split(body)[skip:]:
        if taken and (size + len(event) + 1 > room or len(taken) >= room_events):
            break
        taken.append(event)
        size += len(event) + 1
    return b",".join(taken), begin + len(taken) - 1
