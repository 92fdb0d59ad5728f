"""The log goes into the database without anybody waiting; a foreign reader keeps it from starting over."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import db
from agent.outbox import checkpointer as checkpointer_file
from agent.outbox.checkpointer import DUE_BYTES, DUE_S, Checkpointer
from tests.agent.outbox.box import holding, until, write_locked

PIECE = 200_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    connection = db.connect(path)
    connection.execute("create table piece (body blob)")
    yield connection
    connection.close()


@pytest.fixture
def checkpointer(path: Path, writer: sqlite3.Connection) -> Iterator[Checkpointer]:
    made = Checkpointer(path)
    made.start()
    yield made
    made.stop()


def write(writer: sqlite3.Connection, checkpointer: Checkpointer, count: int) -> None:
    for _ in range(count):
        writer.execute("insert into piece values (?)", (bytes(PIECE),))
        checkpointer.committed()


async def test_a_log_that_has_grown_is_moved_and_starts_over(
    path: Path, writer: sqlite3.Connection, checkpointer: Checkpointer
) -> None:
    before = path.stat().st_size
    write(writer, checkpointer, DUE_BYTES // PIECE + 1)
    await until(lambda: path.stat().st_size > before + DUE_BYTES)

    def written_at_the_start() -> bool:
        size = checkpointer.log_bytes()
        write(writer, checkpointer, 1)
        return checkpointer.log_bytes() == size

    await until(written_at_the_start)


async def test_a_small_log_is_left_alone(path: Path, writer: sqlite3.Connection, checkpointer: Checkpointer) -> None:
    before = path.stat().st_size
    write(writer, checkpointer, 3)
    assert path.stat().st_size == before
    assert 3 * PIECE < checkpointer.log_bytes() < DUE_BYTES


async def test_a_foreign_reader_makes_the_log_grow_and_its_end_ends_that(
    path: Path, writer: sqlite3.Connection, checkpointer: Checkpointer
) -> None:
    rounds = DUE_BYTES // PIECE + 1
    with holding(path, "begin", "select count(*) from piece"):
        for _ in range(4):
            write(writer, checkpointer, rounds)
        assert checkpointer.log_bytes() > 4 * DUE_BYTES
    grown = checkpointer.log_bytes()

    def written_anew() -> bool:
        write(writer, checkpointer, 1)
        return path.stat().st_size > 4 * DUE_BYTES

    await until(written_anew)
    assert checkpointer.log_bytes() < 2 * grown


async def test_a_locked_database_is_tried_again(
    path: Path, writer: sqlite3.Connection, checkpointer: Checkpointer
) -> None:
    write(writer, checkpointer, 1)
    with write_locked(path):
        checkpointer._wake.set()
        await until(lambda: not checkpointer._wake.is_set())
        assert checkpointer._thread.is_alive()
    before = path.stat().st_size
    write(writer, checkpointer, DUE_BYTES // PIECE + 1)
    await until(lambda: path.stat().st_size > before)


async def test_a_database_that_is_locked_whole_at_the_start_is_tried_again(path: Path) -> None:
    db.connect(path).close()
    made = Checkpointer(path)
    with holding(path, "pragma locking_mode=exclusive", "begin exclusive"):
        made.start()
        made._wake.set()
        await until(lambda: not made._wake.is_set())
    connection = db.connect(path)
    connection.execute("create table piece (body blob)")
    before = path.stat().st_size
    write(connection, made, DUE_BYTES // PIECE + 1)
    await until(lambda: path.stat().st_size > before)
    made.stop()
    connection.close()


async def test_a_short_log_is_moved_after_a_while(
    path: Path, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointer_file, "DUE_S", 0.01)
    made = Checkpointer(path)
    made.start()
    before = path.stat().st_size
    write(writer, made, 1)
    await until(lambda: path.stat().st_size > before)
    made.stop()


async def test_it_ends_at_once_when_told(path: Path, writer: sqlite3.Connection) -> None:
    made = Checkpointer(path)
    made.start()
    await asyncio.wait_for(asyncio.to_thread(made.stop), DUE_S / 2)
    assert not made._thread.is_alive()


def test_no_log_has_no_size(tmp_path: Path) -> None:
    assert Checkpointer(tmp_path / "none.db").log_bytes() == 0
