"""The log goes into the database without anybody waiting; a foreign reader keeps it from starting over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import db
from agent.outbox.checkpointer import DUE_BYTES, Checkpointer
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


def test_no_log_has_no_size(tmp_path: Path) -> None:
    assert Checkpointer(tmp_path / "none.db").log_bytes() == 0
