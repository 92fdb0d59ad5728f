"""The history is read with the daemon up and down, past a lock, and from files of other agents."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent import db
from agent.errors import AgentError
from agent.history import view
from agent.history.rows import Part


def write(path: Path, *, wal: bool = True) -> sqlite3.Connection:
    connection = db.connect(path)
    if not wal:
        connection.execute("pragma journal_mode=delete")
    connection.execute(
        "insert into history (part, name, state, code, what, advice, port, boot, at_ns, first_ns, times, clock_ok)"
        " values ('device', 'gate', 'working', '', '', '', 'ttyUSB1', '', 1, 1, 1, 1)"
    )
    return connection


def read(path: Path) -> tuple[list[str], bool]:
    told = view.read(path, Part.DEVICE, "gate", 0)
    return [one.port for one in told.stretches], told.whole


def test_beside_a_writer_and_without_one(tmp_path: Path) -> None:
    with closing(write(tmp_path / "outbox.db")):
        assert read(tmp_path / "outbox.db") == (["ttyUSB1"], True)
    assert read(tmp_path / "outbox.db") == (["ttyUSB1"], True)


def test_a_locked_database_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with closing(write(path)) as writer:
        writer.execute("pragma wal_checkpoint(truncate)").fetchone()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("pragma locking_mode=exclusive").fetchone()
        other.execute("begin exclusive")
        assert read(path) == (["ttyUSB1"], False)


def test_nothing_is_known_before_the_first_start(tmp_path: Path) -> None:
    assert read(tmp_path / "outbox.db") == ([], True)
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.execute("pragma user_version=6")
    connection.close()
    assert read(tmp_path / "old.db") == ([], True)


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"x" * 8_192)
    with pytest.raises(AgentError) as refused:
        read(tmp_path / "outbox.db")
    assert refused.value.code == "D-101"
