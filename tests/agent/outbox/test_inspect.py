"""What `mektep status` says of a dead daemon's database: the lanes as the disk has them, and never an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.model import Lane
from agent.outbox.inspect import Unread, look
from agent.outbox.lanes import LaneState
from tests.agent.outbox.box import fire, opened, taps, until, write_locked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def lanes(path: Path) -> dict[Lane, LaneState]:
    found = look(path)
    assert not isinstance(found, Unread), found
    return found


async def test_the_lanes_are_those_that_the_daemon_left(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept([*taps(5), fire()])
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 4)
        await until(lambda: lanes(path)[Lane.RECORD].settled == 4)
        left = {lane: outbox.state(lane) for lane in Lane}
    assert lanes(path) == left
    assert (left[Lane.ALARM].last, left[Lane.RECORD].last, left[Lane.TELEMETRY].last) == (1, 6, 0)


async def test_of_several_epochs_the_newest_counts_and_the_bytes_of_all(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(50))
        before = outbox.state(Lane.RECORD).bytes
        await outbox.open_epoch("conflict")
        await outbox.accept(taps(1))
    found = lanes(path)[Lane.RECORD]
    assert (found.last, found.settled) == (2, 0)
    assert found.bytes > before


async def test_what_is_delivered_and_removed_still_counts(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(4))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 5)
        await outbox.transact(lambda transaction: transaction.execute("delete from message").close())
    assert lanes(path)[Lane.RECORD] == LaneState(5, 5, 0)


async def test_a_database_that_is_in_use_or_locked_is_read_all_the_same(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(3))
        assert lanes(path)[Lane.RECORD].last == 4
    with write_locked(path):
        assert lanes(path)[Lane.RECORD].last == 4


async def test_one_that_somebody_keeps_for_himself_is_told_so_with_his_name(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.accept(taps(3))
    holds = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('pragma locking_mode=exclusive'); "
    holds += "db.execute('begin exclusive'); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holds, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        found = look(path)
        holder.communicate("")
    assert isinstance(found, Unread)
    assert found.code == "D-122"
    assert str(holder.pid) in found.what
    assert lanes(path)[Lane.RECORD].last == 4


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + os.urandom(4_096)])
def test_what_is_no_database_is_told_so(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    found = look(path)
    assert isinstance(found, Unread)
    assert found.code == "D-101"


def test_where_there_is_no_database_none_is_made(path: Path) -> None:
    assert lanes(path) == {}
    assert list(path.parent.iterdir()) == []
