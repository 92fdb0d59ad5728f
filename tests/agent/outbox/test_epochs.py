"""Epochs and lanes from the disk: numbering goes on where it stood, gaps count as settled, times do not run back."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import db
from agent.model import Lane
from agent.outbox.epochs import Epochs
from tests.clock import START_NS, FastClock


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = db.connect(tmp_path / "outbox.db")
    yield opened
    opened.close()


def epochs(clock: FastClock | None = None) -> Epochs:
    return Epochs("school-07", clock or FastClock())


def add(connection: sqlite3.Connection, epoch: int, lane: Lane, first: int, last: int, accepted_ns: int = 1) -> None:
    row = (epoch, int(lane), first, last, accepted_ns, 0, b"x" * 10)
    connection.execute("insert into message values (?, ?, ?, ?, ?, ?, ?)", row)


def test_a_fresh_database_gets_its_first_epoch(connection: sqlite3.Connection) -> None:
    numbering, stretches = epochs().load(connection)
    assert connection.execute("select uuid, opened_ns, reason from epoch").fetchall() == [
        (numbering.epoch, START_NS, "new")
    ]
    assert str(uuid.UUID(numbering.epoch)) == numbering.epoch
    assert numbering.last == dict.fromkeys(Lane, 0)
    assert [(key, stretch.last, stretch.bytes) for key, stretch in stretches.items()] == [
        ((1, lane), 0, 0) for lane in Lane
    ]
    assert not connection.in_transaction


def test_loading_again_changes_nothing(connection: sqlite3.Connection) -> None:
    first, _ = epochs().load(connection)
    second, _ = epochs().load(connection)
    assert second.epoch == first.epoch
    assert connection.execute("select count(*) from lane").fetchone() == (3,)


def test_numbering_goes_on_in_the_newest_epoch_alone(connection: sqlite3.Connection) -> None:
    made = epochs()
    made.load(connection)
    made.open(connection.execute, "f" * 36, "rewind")
    add(connection, 1, Lane.RECORD, 1, 90)
    add(connection, 2, Lane.RECORD, 1, 4)
    add(connection, 2, Lane.RECORD, 5, 5)
    numbering, stretches = made.load(connection)
    assert (numbering.epoch_id, numbering.epoch) == (2, "f" * 36)
    assert numbering.last == {Lane.ALARM: 0, Lane.RECORD: 5, Lane.TELEMETRY: 0}
    assert numbering.envelopes[Lane.RECORD].encode
    assert (stretches[1, Lane.RECORD].last, stretches[2, Lane.RECORD].bytes) == (90, 20)


@pytest.mark.parametrize(
    ("settled", "runs", "last", "prefix", "beyond"),
    [
        (0, [(1, 4), (5, 9)], 9, 0, []),
        (4, [(1, 4), (5, 9)], 9, 4, []),
        (4, [], 4, 4, []),  # all delivered and removed
        (9, [(1, 4)], 9, 9, []),
        (0, [(1, 4), (7, 9)], 9, 0, [(5, 6)]),
        (4, [(1, 4), (7, 9)], 9, 6, []),
        (4, [(5, 5), (7, 7), (9, 9)], 9, 4, [(6, 6), (8, 8)]),
    ],
)
def test_a_lane_stands_where_its_rows_and_its_prefix_say(
    connection: sqlite3.Connection,
    settled: int,
    runs: list[tuple[int, int]],
    last: int,
    prefix: int,
    beyond: list[tuple[int, int]],
) -> None:
    made = epochs()
    made.load(connection)
    connection.execute("update lane set settled = ? where lane = 2", (settled,))
    for run in runs:
        add(connection, 1, Lane.TELEMETRY, *run)
    numbering, stretches = made.load(connection)
    stretch = stretches[1, Lane.TELEMETRY]
    assert (stretch.last, stretch.settled.prefix, stretch.settled.beyond()) == (last, prefix, beyond)
    assert numbering.last[Lane.TELEMETRY] == last
    assert stretch.written == settled


def test_no_later_record_may_be_earlier_than_what_is_there(connection: sqlite3.Connection) -> None:
    made = epochs()
    made.load(connection)
    add(connection, 1, Lane.ALARM, 1, 1, accepted_ns=START_NS + 5)
    add(connection, 1, Lane.RECORD, 1, 1, accepted_ns=START_NS + 7)
    clock = FastClock(0, synced=False)
    epochs(clock).load(connection)
    assert clock.utc_ns() == START_NS + 7
