"""A group in the making: sequences without gaps, a failing member takes back what was its own, runs are small."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.db import climb
from agent.model import Draft, Lane, Place
from agent.outbox.envelope import Envelope, split
from agent.outbox.group import RUN_BYTES, RUN_EVENTS, Numbering, Transaction
from tests.agent.outbox.box import AT, fire, health, tap, taps

OLD, NEW, NEWEST = ("a" * 36, "b" * 36, "c" * 36)


def numbering(epoch: str = OLD, epoch_id: int = 1, **last: int) -> Numbering:
    envelopes = {lane: Envelope("school-07", epoch, lane, "boot") for lane in Lane}
    return Numbering(epoch_id, epoch, envelopes, {lane: last.get(lane.word, 0) for lane in Lane})


def transaction(db: sqlite3.Connection | None = None, **last: int) -> Transaction:
    return Transaction(db or with_schema(), numbering(**last), AT.utc_ns)


def with_schema() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    climb(connection)
    return connection


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = with_schema()
    connection.execute("create table note (word text primary key) strict")
    connection.execute("begin immediate")
    yield connection
    connection.close()


def notes(db: sqlite3.Connection) -> list[str]:
    return [word for (word,) in db.execute("select word from note order by word")]


def test_each_lane_counts_on_from_its_last_sequence() -> None:
    group = transaction(alarm=4, record=9)
    places = [group.put(one) for one in (tap(), fire(), tap(), health(), fire())]
    assert places == [
        Place(OLD, Lane.RECORD, 10),
        Place(OLD, Lane.ALARM, 5),
        Place(OLD, Lane.RECORD, 11),
        Place(OLD, Lane.TELEMETRY, 1),
        Place(OLD, Lane.ALARM, 6),
    ]
    found = {(row.epoch_id, row.lane, row.first, row.last) for row in group.rows()}
    assert found == {(1, Lane.ALARM, 5, 6), (1, Lane.RECORD, 10, 11), (1, Lane.TELEMETRY, 1, 1)}


def test_the_events_in_a_run_carry_the_sequences_of_the_run() -> None:
    group = transaction(record=41)
    for one in taps(3):
        group.put(one)
    (row,) = group.rows()
    assert [int(msgspec.json.decode(event)["sequence"]) for event in split(row.body)] == [42, 43, 44]
    assert row.crc == zlib.crc32(row.body)


def test_an_event_that_is_too_large_takes_no_sequence() -> None:
    group = transaction()
    with pytest.raises(ValueError, match="bytes"):
        group.put(health(70_000))
    assert group.put(health()).sequence == 1


def test_a_member_that_fails_takes_back_its_events_and_its_rows(db: sqlite3.Connection) -> None:
    group = transaction(db)
    group.put(tap(1))
    group.execute("insert into note values ('kept')")
    group.keep()
    mark = group.mark()
    group.put(tap(2))
    group.put(fire())
    group.execute("insert into note values ('gone')")
    group.take_back(mark)
    group.execute("insert into note values ('next')")
    group.keep()
    assert group.put(tap(3)).sequence == 2
    assert notes(db) == ["kept", "next"]
    assert [(row.lane, row.first, row.last) for row in group.rows()] == [(Lane.RECORD, 1, 2)]


def test_a_failed_statement_leaves_the_transaction_whole(db: sqlite3.Connection) -> None:
    group = transaction(db)
    group.execute("insert into note values ('kept')")
    group.keep()
    mark = group.mark()
    with pytest.raises(sqlite3.IntegrityError):
        group.execute("insert into note values ('kept')")
    group.take_back(mark)
    assert db.in_transaction
    assert notes(db) == ["kept"]


def test_a_new_epoch_within_a_group_numbers_what_follows_only() -> None:
    group = transaction(record=7, alarm=2)
    group.put(tap())
    group.begin_epoch(numbering(NEW, 2))
    assert group.put(tap()) == Place(NEW, Lane.RECORD, 1)
    group.begin_epoch(numbering(NEWEST, 3))
    assert group.put(fire()) == Place(NEWEST, Lane.ALARM, 1)
    assert [(row.epoch_id, row.lane, row.first) for row in group.rows()] == [
        (1, Lane.RECORD, 8),
        (2, Lane.RECORD, 1),
        (3, Lane.ALARM, 1),
    ]
    assert [one.epoch for one in group.numberings] == [OLD, NEW, NEWEST]


def test_a_new_epoch_can_be_taken_back(db: sqlite3.Connection) -> None:
    group = transaction(db, record=7)
    group.put(tap(1))
    mark = group.mark()
    group.put(tap(2))
    group.execute("insert into note values ('new epoch')")
    group.begin_epoch(numbering(NEW, 2))
    group.put(tap(3))
    group.take_back(mark)
    assert group.put(tap(4)) == Place(OLD, Lane.RECORD, 9)
    (row,) = group.rows()
    assert (row.epoch_id, row.first, row.last) == (1, 8, 9)
    assert [msgspec.json.decode(event)["data"]["card"][-1] for event in split(row.body)] == ["1", "4"]
    assert [one.epoch for one in group.numberings] == [OLD]
    assert notes(db) == []


def test_a_stored_event_gets_a_new_place_that_names_the_old_one() -> None:
    old = numbering().envelopes[Lane.ALARM].encode(fire(3), 12, AT.utc_ns)
    group = transaction(alarm=1)
    assert group.put_again(old, Place(NEW, Lane.ALARM, 12)) == Place(OLD, Lane.ALARM, 2)
    (row,) = group.rows()
    event = msgspec.json.decode(row.body)
    assert (event["reissueof"], event["id"], event["data"]["zone"]) == (f"{NEW}/alarm/12", f"{2:019d}", 3)


@given(sizes=st.lists(st.integers(0, 40_000) | st.just(0), max_size=260))
def test_runs_are_small_and_together_are_what_was_put(sizes: list[int]) -> None:
    group = transaction(telemetry=1000)
    drafts: list[Draft] = [health(size) for size in sizes]
    for one in drafts:
        group.put(one)
    rows = list(group.rows())
    assert b",".join(row.body for row in rows) == b",".join(group.put_bytes[Lane.TELEMETRY])
    following = 1001
    for row in rows:
        assert row.first == following
        following = row.last + 1
        events = split(row.body)
        assert len(events) == row.last - row.first + 1 <= RUN_EVENTS
        assert len(row.body) <= RUN_BYTES + RUN_EVENTS or len(events) == 1
    assert following == 1001 + len(sizes)
