"""The outbox as its users see it: durable places, what is owed, epochs, facts, and who may open it."""

from __future__ import annotations

import asyncio
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import db
from agent.errors import AgentError
from agent.model import Draft, Lane, Place
from agent.outbox import outbox as outbox_file
from agent.outbox.group import Transaction
from agent.paths import tap as tap_path
from agent.paths.tap import TapPath
from agent.school.defects import Defects
from drivers.readings import Light
from tests.agent.outbox.box import (
    SMALL,
    card_of,
    events,
    fire,
    health,
    opened,
    records,
    rows,
    tap,
    taps,
    until,
    write_locked,
)
from tests.agent.test_db import of_a_newer_agent
from tests.clock import START_NS, FastClock

UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


# --- accepting -----------------------------------------------------------------------------------------------------


async def test_a_new_box_begins_with_a_record_of_its_epoch(path: Path) -> None:
    async with opened(path) as outbox:
        assert str(uuid.UUID(outbox.epoch)) == outbox.epoch
        assert await records(outbox, "epoch.opened") == [
            {"epoch": outbox.epoch, "before": "", "reason": "new", "checkpoint": ""}
        ]
        assert [outbox.state(lane).last for lane in Lane] == [0, 1, 0]


async def test_accepted_events_have_their_places_and_are_on_the_disk(path: Path) -> None:
    async with opened(path) as outbox:
        places = await outbox.accept([tap(1), fire(), tap(2), health()])
        assert places == [
            Place(outbox.epoch, Lane.RECORD, 2),
            Place(outbox.epoch, Lane.ALARM, 1),
            Place(outbox.epoch, Lane.RECORD, 3),
            Place(outbox.epoch, Lane.TELEMETRY, 1),
        ]
        seen = rows(path, "select lane, sequence from event order by lane, sequence")
        assert seen == [(0, 1), (1, 1), (1, 2), (1, 3), (2, 1)]


async def test_accepting_nothing_is_nothing(path: Path) -> None:
    async with opened(path) as outbox:
        assert await outbox.accept([]) == []
        assert outbox.last(outbox.epoch, Lane.RECORD) == 1


async def test_of_events_with_one_too_large_none_is_accepted(path: Path) -> None:
    async with opened(path) as outbox:
        good = asyncio.ensure_future(outbox.accept([tap(1)]))
        with pytest.raises(ValueError, match="an event may have"):
            await outbox.accept([tap(2), health(70_000), tap(3)])
        await good
        assert [card_of(event) for event in (await events(outbox, Lane.RECORD))[1:]] == [1]


async def test_numbers_go_on_after_reopening(path: Path) -> None:
    async with opened(path) as outbox:
        epoch = outbox.epoch
        await outbox.accept(taps(5))
    async with opened(path) as outbox:
        assert outbox.epoch == epoch
        assert await outbox.accept([tap()]) == [Place(epoch, Lane.RECORD, 7)]
        assert len(await records(outbox, "epoch.opened")) == 1


async def test_a_crowd_of_waiters_shares_few_commits(path: Path) -> None:
    async with opened(path) as outbox:
        with write_locked(path):
            waiting = [asyncio.ensure_future(outbox.accept([tap(number)])) for number in range(400)]
            await until(lambda: outbox._writer.stuck)
        places = await asyncio.gather(*waiting)
        assert sorted(place.sequence for (place,) in places) == list(range(2, 402))
        ((runs,),) = rows(path, "select count(*) from message")
        assert runs <= 1 + 2 * 4 + 2, "runs of a hundred: two or three commits for four hundred waiters"


def never(_transaction: Transaction) -> Light:
    raise AssertionError("only where a rule fails")


def accepting(one: Draft, transaction: Transaction) -> Light:
    transaction.put(one)
    return Light.ACCEPTED


async def test_a_tap_that_waits_too_long_shows_wait_and_is_recorded_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tap_path, "WAIT_AFTER_S", 0.05)
    async with opened(path) as outbox:
        path_of_taps = TapPath(outbox.transact, Defects(FastClock()))
        with write_locked(path):
            lights = await asyncio.gather(
                *(path_of_taps.take("seen", partial(accepting, tap(number)), never) for number in range(20))
            )
            assert lights == [Light.WAIT] * 20
            assert rows(path, "select count(*) from event") == [(1,)]
        await until(lambda: outbox.last(outbox.epoch, Lane.RECORD) == 21)
        found = [card_of(event) for event in (await events(outbox, Lane.RECORD))[1:]]
        assert sorted(found) == list(range(20))


async def test_a_cancelled_waiter_loses_nothing(path: Path) -> None:
    async with opened(path) as outbox:
        with write_locked(path):
            waiting = asyncio.ensure_future(outbox.accept([tap(7)]))
            await until(lambda: outbox._writer.stuck)
            waiting.cancel()
        await until(lambda: outbox.last(outbox.epoch, Lane.RECORD) == 2)
        assert card_of((await events(outbox, Lane.RECORD))[1]) == 7


async def test_what_waits_in_memory_is_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_file, "WAITING_DRAFTS", 10)
    async with opened(path) as outbox:
        with write_locked(path):
            waiting = [asyncio.ensure_future(outbox.accept(taps(3))) for _ in range(30)]
            await until(lambda: outbox._writer.stuck)
            assert outbox._waiting <= 10 + 3
        async with asyncio.timeout(30):
            await asyncio.gather(*waiting)
        assert outbox.last(outbox.epoch, Lane.RECORD) == 1 + 90
        assert outbox._waiting == 0


async def test_listeners_hear_which_lanes_grew(path: Path) -> None:
    heard: list[set[Lane]] = []
    async with opened(path) as outbox:
        outbox.add_listener(heard.append)
        await outbox.accept([fire(), health()])
        await outbox.remember("a", b"b")
        await until(lambda: heard)
    assert heard == [{Lane.ALARM, Lane.TELEMETRY}]


# --- what is owed --------------------------------------------------------------------------------------------------


async def test_settled_prefixes_are_on_the_disk_with_the_next_commit(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(9))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 4)
        outbox.settle(outbox.epoch, Lane.RECORD, 7, 8)
        await outbox.accept([tap()])
        assert rows(path, "select settled from lane where lane = 1") == [(4,)]
        assert outbox.owes() == [outbox.epoch]
    async with opened(path) as outbox:
        assert outbox.settled(outbox.epoch, Lane.RECORD) == 4
        outbox.settle(outbox.epoch, Lane.RECORD, 5, 11)
        assert outbox.owes() == []


async def test_nothing_is_settled_that_was_not_accepted(path: Path) -> None:
    async with opened(path) as outbox:
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 100)
        outbox.settle(UNKNOWN, Lane.RECORD, 1, 100)
        assert outbox.settled(outbox.epoch, Lane.RECORD) == 1
        await outbox.accept([tap()])
        assert outbox.owes() == [outbox.epoch]


async def test_of_an_unknown_epoch_nothing_is_known(path: Path) -> None:
    async with opened(path) as outbox:
        assert (outbox.last(UNKNOWN, Lane.RECORD), outbox.settled(UNKNOWN, Lane.RECORD)) == (0, 0)
        assert await outbox.read(UNKNOWN, Lane.RECORD, 0, max_bytes=1, max_events=1) is None
        assert await outbox.kept(UNKNOWN, Lane.RECORD, 1, 9) == 0


async def test_a_batch_is_the_join_of_the_stored_bytes(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(3))
        await outbox.accept(taps(2))
        batch = await outbox.read(outbox.epoch, Lane.RECORD, 1, max_bytes=100_000, max_events=100)
        assert batch is not None
        stored = rows(path, "select body from message where lane = 1 and first > 1 order by first")
        assert batch.body == b"[" + b",".join(body for (body,) in stored) + b"]"
        assert (batch.first, batch.last, batch.count) == (2, 6, 5)


@pytest.mark.parametrize(("first", "last", "count"), [(1, 1, 1), (2, 4, 3), (5, 99, 2), (7, 9, 0)])
async def test_kept_counts_a_range(path: Path, first: int, last: int, count: int) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(5))
        assert await outbox.kept(outbox.epoch, Lane.RECORD, first, last) == count


async def test_a_gap_that_is_recorded_holds_nothing_up(path: Path) -> None:
    async with opened(path) as outbox:
        for number in range(6):
            await outbox.accept([tap(number)])
    connection = db.connect(path)
    connection.execute("delete from message where first in (3, 4, 6)")
    connection.close()
    async with opened(path) as outbox:
        for first, last in ((1, 2), (5, 5), (7, 7)):
            outbox.settle(outbox.epoch, Lane.RECORD, first, last)
        assert outbox.settled(outbox.epoch, Lane.RECORD) == 7
        assert outbox.owes() == []


# --- epochs --------------------------------------------------------------------------------------------------------


async def test_a_new_epoch_counts_from_one_and_says_why(path: Path) -> None:
    async with opened(path) as outbox:
        before = outbox.epoch
        await outbox.accept([tap(), fire()])
        epoch = await outbox.open_epoch("rewind")
        assert epoch == outbox.epoch != before
        assert await records(outbox, "epoch.opened") == [
            {"epoch": epoch, "before": before, "reason": "rewind", "checkpoint": ""}
        ]
        assert await outbox.accept([fire(), tap()]) == [Place(epoch, Lane.ALARM, 1), Place(epoch, Lane.RECORD, 2)]
        assert outbox.owes() == [before, epoch]
        assert len(await events(outbox, Lane.RECORD, before)) == 2
    async with opened(path) as outbox:
        assert outbox.epoch == epoch
        assert outbox.owes() == [before, epoch]
        assert await outbox.accept([tap()]) == [Place(epoch, Lane.RECORD, 3)]


async def test_two_epochs_may_begin_in_one_commit(path: Path) -> None:
    async with opened(path) as outbox:
        first = outbox.epoch
        with write_locked(path):
            waiting = [
                asyncio.ensure_future(outbox.open_epoch("rewind")),
                asyncio.ensure_future(outbox.accept([fire()])),
                asyncio.ensure_future(outbox.open_epoch("conflict")),
            ]
            await until(lambda: outbox._writer.stuck)
        middle, places, last = await asyncio.gather(*waiting)
        assert places == [Place(str(middle), Lane.ALARM, 1)]
        assert outbox.epoch == last
        assert outbox.owes() == [first, middle, last]
        assert [len(await events(outbox, Lane.RECORD, epoch)) for epoch in (first, str(middle), str(last))] == [1, 1, 1]


# --- small facts ---------------------------------------------------------------------------------------------------


async def test_a_fact_is_durable_and_the_last_word_counts(path: Path) -> None:
    async with opened(path) as outbox:
        assert await outbox.recall("order") is None
        await outbox.remember("order", b"17")
        await outbox.remember("order", b"18\x00")
        assert rows(path, "select value from fact where key not like 'schema.%'") == [(b"18\x00",)]
    async with opened(path) as outbox:
        assert await outbox.recall("order") == b"18\x00"


async def test_what_a_work_does_is_in_one_commit_with_its_events(path: Path) -> None:
    async with opened(path) as outbox:

        def work(transaction: Any) -> int:
            transaction.execute("insert into fact (key, value) values ('meal', x'01')")
            return int(transaction.put(tap()).sequence)

        def failing(transaction: Any) -> None:
            transaction.execute("insert into fact (key, value) values ('second', x'01')")
            transaction.put(tap())
            raise RuntimeError("refused")

        first, second = await asyncio.gather(outbox.transact(work), outbox.transact(failing), return_exceptions=True)
        assert first == 2
        assert isinstance(second, RuntimeError)
        assert rows(path, "select key from fact where key not like 'schema.%'") == [("meal",)]
        assert outbox.last(outbox.epoch, Lane.RECORD) == 2


# --- life ----------------------------------------------------------------------------------------------------------


async def test_an_unsynced_clock_does_not_go_before_the_last_record(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept([tap()])
    clock = FastClock(0, synced=False)
    async with opened(path, clock=clock):
        assert clock.utc_ns() == START_NS


async def test_health_is_told(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept([tap()])
        median_ms, p99_ms = outbox.commit_ms()
        assert 0 < median_ms <= p99_ms
        assert outbox.wal_bytes() > 0
        assert outbox.disk_free_bytes() > 0
        assert outbox.writer_answers()
        assert outbox.trouble() == []


async def test_a_changed_run_is_never_sent_and_the_next_start_salvages(path: Path) -> None:
    async with opened(path) as outbox:
        old = outbox.epoch
        for number in range(3):
            await outbox.accept([tap(number)])
        connection = db.connect(path)
        connection.execute("update message set crc = crc + 1 where first = 3")
        connection.close()
        with pytest.raises(AgentError, match="checksum") as damaged:
            await events(outbox, Lane.RECORD)
        assert damaged.value.code == "D-103"
        with pytest.raises(AgentError, match="checksum"):
            await outbox.watch()
        with pytest.raises(AgentError) as ended:
            await outbox.accept([tap()])
        assert ended.value.code == "D-102"
    async with opened(path) as outbox:
        assert outbox.epoch != old
        assert [event["sequence"][-1] for event in await events(outbox, Lane.RECORD, old)] == ["1", "2", "4"]
        assert [(loss["first"], loss["last"]) for loss in await records(outbox, "loss")] == [(3, 3)]


async def test_a_writer_that_ends_is_told_to_who_watches(path: Path) -> None:
    async with opened(path) as outbox:
        watching = asyncio.ensure_future(outbox.watch())
        outbox._db.execute("pragma query_only=1")
        with pytest.raises(Exception, match="readonly"):
            await outbox.accept([tap()])
        with pytest.raises(Exception, match="readonly"):
            await asyncio.wait_for(watching, 20)
        await until(lambda: not outbox.writer_answers())
    async with opened(path, SMALL) as outbox:
        assert (await records(outbox, "salvaged")) == [], "no right to write is not damage"
        assert (await outbox.accept([tap()]))[0].sequence == 2


async def test_what_cannot_be_used_is_said_with_code_and_path(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    for path in (tmp_path / "missing" / "outbox.db", tmp_path / "folder.db"):
        with pytest.raises(AgentError, match=path.name) as unusable:
            async with opened(path):
                pass
        assert unusable.value.code == "D-101"


async def test_a_database_of_a_newer_agent_is_refused_and_stays_as_it_is(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(3))
    connection = db.connect(path)
    connection.executescript(f"create table tomorrow (a text) strict; {of_a_newer_agent()}")
    connection.close()
    with pytest.raises(AgentError, match="newer agent") as refused:
        async with opened(path):
            pass
    assert refused.value.code == "D-105"
    assert {file.name for file in path.parent.iterdir()} <= {path.name + part for part in ("", ".lock", "-wal", "-shm")}
    assert rows(path, "select count(*) from event") == [(4,)]


async def test_one_event_is_never_told_in_other_bytes_than_it_was_accepted(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(7))
        whole = await events(outbox, Lane.RECORD)
        for size in (1, 500, 1000, 5000):
            found: list[Any] = []
            after = 0
            while batch := await outbox.read(outbox.epoch, Lane.RECORD, after, max_bytes=size, max_events=3):
                found += msgspec.json.decode(batch.body)
                after = batch.last
            assert found == whole
