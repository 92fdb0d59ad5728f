"""What `mektep status` says of a dead daemon's database: the lanes as the disk has them, and never an error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.model import Lane
from agent.outbox.inspect import lanes_on_disk
from agent.outbox.outbox import LaneState
from tests.agent.outbox.box import fire, opened, taps, until, write_locked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def test_the_lanes_are_those_that_the_daemon_left(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept([*taps(5), fire()])
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 4)
        await until(lambda: lanes_on_disk(path)[Lane.RECORD].settled == 4)
        left = {lane: outbox.state(lane) for lane in Lane}
    assert lanes_on_disk(path) == left
    assert (left[Lane.ALARM].last, left[Lane.RECORD].last, left[Lane.TELEMETRY].last) == (1, 6, 0)


async def test_of_several_epochs_the_newest_counts_and_the_bytes_of_all(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(50))
        before = outbox.state(Lane.RECORD).bytes
        await outbox.open_epoch("conflict")
        await outbox.accept(taps(1))
    found = lanes_on_disk(path)[Lane.RECORD]
    assert (found.last, found.settled) == (2, 0)
    assert found.bytes > before


async def test_what_is_delivered_and_removed_still_counts(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(4))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 5)
        await outbox.transact(lambda transaction: transaction.execute("delete from message").close())
    assert lanes_on_disk(path)[Lane.RECORD] == LaneState(5, 5, 0)


async def test_a_database_that_is_in_use_or_locked_is_read_all_the_same(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(3))
        assert lanes_on_disk(path)[Lane.RECORD].last == 4
    with write_locked(path):
        assert lanes_on_disk(path)[Lane.RECORD].last == 4


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + os.urandom(4_096)])
def test_what_cannot_be_read_says_nothing(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert lanes_on_disk(path) == {}


def test_where_there_is_no_database_none_is_made(path: Path) -> None:
    assert lanes_on_disk(path) == {}
    assert list(path.parent.iterdir()) == []
    assert LaneState(0, 0, 0) not in lanes_on_disk(path).values()
