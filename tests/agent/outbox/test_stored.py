"""Reading the database beside the daemon: what is there, in order, what comes, and nothing that is held."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import AgentError
from agent.model import Lane
from agent.outbox.stored import FOREVER, Stored
from tests.agent.outbox.box import card_of, fire, holding, opened, rows, tap, taps, until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def cards(events: list) -> list[int]:
    whole = [msgspec.json.decode(one.body) for one in events]
    return [card_of(one) for one in whole if one["type"] == "kz.mektep.card.seen.v1"]


async def test_what_comes_is_read_once_and_in_order(path: Path) -> None:
    async with opened(path) as outbox:
        stored = Stored(path)
        marks = stored.marks()
        assert stored.changed()
        assert not stored.changed()
        assert stored.newer(marks) == []
        await outbox.accept([*taps(3), fire()])
        assert stored.changed()
        found = stored.newer(marks)
        assert [(one.lane.word, one.sequence) for one in found] == [("alarm", 1), *(("record", at) for at in (2, 3, 4))]
        assert cards(found) == [0, 1, 2]
        assert stored.newer(marks) == []
        await outbox.accept([tap(7)])
        assert cards(stored.newer(marks, [Lane.RECORD])) == [7]
        stored.close()


async def test_the_latest_and_a_range(path: Path) -> None:
    async with opened(path) as outbox:
        for number in range(9):
            await outbox.accept([tap(number * 2), tap(number * 2 + 1)])
        stored = Stored(path)
        assert cards(stored.latest(5)) == [13, 14, 15, 16, 17]
        assert stored.latest(5, [Lane.ALARM]) == []
        assert cards(list(stored.range(outbox.epoch, Lane.RECORD, 4, 7))) == [2, 3, 4, 5]
        assert cards(list(stored.range(outbox.epoch[:6], Lane.RECORD, 1, FOREVER))) == list(range(18))
        moment = stored.latest(3)[0].accepted_ns
        assert len(stored.latest(1000, [Lane.RECORD], since_ns=moment)) >= 3
        assert stored.latest(1000, [Lane.RECORD], since_ns=FOREVER) == []
        stored.close()


async def test_epochs_that_begin_meanwhile_are_followed(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(2))
        stored = Stored(path)
        marks, before = stored.marks(), outbox.epoch
        await outbox.open_epoch("conflict")
        await outbox.accept([tap(5)])
        found = stored.newer(marks)
        assert {one.epoch for one in found} == {outbox.epoch}
        assert [one.sequence for one in found] == [1, 2]
        assert stored.newest_epoch() == outbox.epoch
        assert len(list(stored.range(before, Lane.RECORD, 1, FOREVER))) == 3
        with pytest.raises(AgentError, match="X-203"):
            list(stored.range("no-such", Lane.RECORD, 1, 2))
        with pytest.raises(AgentError, match="X-203"):
            list(stored.range("", Lane.RECORD, 1, 2))
        stored.close()


async def test_the_lanes_tell_what_is_owed_and_since_when(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(4))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 3)
        stored = Stored(path)
        await until(lambda: stored.lanes()[Lane.RECORD].settled == 3)
        record = stored.lanes()[Lane.RECORD]
        assert (record.last, record.owed, record.first_kept) == (5, 2, 1)
        assert record.oldest_owed_ns > 0
        assert [(row.lane, row.owed) for row in stored.lanes() if row.owed] == [(Lane.RECORD, 2)]
        stored.close()


async def test_nothing_is_held_while_it_is_open(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(300))
        stored = Stored(path)
        marks = stored.marks()
        stored.latest(50)
        await outbox.accept(taps(300))
        stored.newer(marks)
        await outbox.accept(taps(300))
        (told,) = rows(path, "select count(*) from event")
        assert told == (901,)
    writer = sqlite3.connect(path)
    assert writer.execute("pragma wal_checkpoint(truncate)").fetchone() == (0, 0, 0), "an old view would keep the log"
    writer.close()
    stored.close()


async def test_a_damaged_run_is_told_as_such(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(2))
        await outbox.transact(lambda one: one.execute("update message set body = x'7b' where first > 1").close())
    stored = Stored(path)
    assert b"" in [one.body for one in stored.latest(9)]
    stored.close()


async def test_why_it_cannot_be_read(path: Path) -> None:
    with pytest.raises(AgentError, match="X-201"):
        Stored(path).lanes()
    async with opened(path) as outbox:
        await outbox.accept(taps(1))
    stored = Stored(path)
    held = holding(path, "pragma locking_mode=exclusive", "begin exclusive")
    with held as pid, pytest.raises(AgentError, match=f"D-122 .*{pid}"):
        stored.lanes()
    assert stored.lanes(), "it goes on when the other has ended"
    stored.close()


async def test_a_database_that_takes_its_place_is_followed(path: Path, tmp_path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(1))
    stored = Stored(path)
    before = stored.newest_epoch()
    for file in tmp_path.glob("outbox.db*"):
        file.rename(tmp_path / f"old-{file.name}")
    async with opened(path) as outbox:
        assert stored.newest_epoch() == outbox.epoch != before
    stored.close()


RUNS = (1, 4, 2, 5, 3)


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("some") / "outbox.db"

    async def fill() -> str:
        async with opened(path) as outbox:
            for size in RUNS:
                await outbox.accept(taps(size))
            return outbox.epoch

    return path, asyncio.run(fill())


@given(first=st.integers(1, 20), more=st.integers(0, 20))
def test_a_range_is_what_it_says(some: tuple[Path, str], first: int, more: int) -> None:
    path, epoch = some
    stored = Stored(path)
    found = [one.sequence for one in stored.range(epoch, Lane.RECORD, first, first + more)]
    stored.close()
    assert found == [number for number in range(1, sum(RUNS) + 2) if first <= number <= first + more]
