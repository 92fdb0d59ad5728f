"""A SQLite file read and not written: as of one moment, also while another writes to it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.audit.rows import AT_ONCE, Rows, SqliteRows, is_sqlite
from agent.errors import AgentError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as db:
        db.execute("pragma journal_mode=wal")
        db.execute("create table number (n integer)")
        db.executemany("insert into number values (?)", [(n,) for n in range(AT_ONCE + 1)])
    db.close()
    return path


def test_rows_come_in_pieces_and_as_of_one_moment(path: Path) -> None:
    rows: Rows = SqliteRows(path)
    assert rows.all("select count(*) from number where n >= ?", (1,)) == [(AT_ONCE,)]
    with sqlite3.connect(path) as db:
        db.execute("delete from number")
    db.close()
    assert [len(some) for some in rows.stream("select n from number order by n")] == [AT_ONCE, 1]
    assert rows.tables() == {"number"}
    rows.close()


def test_it_cannot_be_written(path: Path) -> None:
    with pytest.raises(AgentError, match="readonly"):
        SqliteRows(path).all("delete from number")


def test_what_cannot_be_read(tmp_path: Path, path: Path) -> None:
    with pytest.raises(AgentError, match="A-101"):
        SqliteRows(tmp_path / "nothing")
    assert is_sqlite(path)
    path.write_bytes(b"rubbish" * 1_000)
    with pytest.raises(AgentError, match="A-101"):
        SqliteRows(path).tables()
    assert not is_sqlite(path)
    assert not is_sqlite(tmp_path)
