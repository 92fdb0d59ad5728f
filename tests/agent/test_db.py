"""The database file: every climb ends at now.sql, each commit is synced, freed space can be given back."""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import sqlite3
from pathlib import Path

import pytest

from agent import db
from agent.errors import AgentError

ADDS = re.compile(r"create (table|index|view) |alter table \w+ add column .* default ")
MORE = "-- older agents: from schema {0} on\ncreate table more_{0} (a text) strict;"
NOW = (db.SCHEMA / "now.sql").read_text(encoding="utf-8")


def at_version(number: int) -> sqlite3.Connection:
    """A database as an agent of that version left it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for step, sql in db.steps():
        if step <= number:
            connection.executescript(f"{sql}\npragma user_version={step};")
    return connection


def of_a_newer_agent() -> str:
    """What a step of it did that this one cannot live with."""
    newer = db.newest_version() + 1
    told = f"update fact set value = cast('{newer}' as blob) where key = '{db.USABLE_FROM}'"
    return f"{told}; pragma user_version={newer};"


def words(text: str) -> str:
    """A statement without what only people read."""
    lines = (line.partition("--")[0] for line in text.splitlines())
    return re.sub(r" ?([(),]) ?", r"\1", " ".join(" ".join(lines).split()))  # a column that was added has other spaces


@pytest.mark.parametrize("version", [0, *(number for number, _ in db.steps())])
def test_climbing_from_every_version_ends_at_now_sql(version: int) -> None:
    connection, document = at_version(version), sqlite3.connect(":memory:")
    db.climb(connection)
    document.executescript(NOW)
    climbed = [(kind, name, words(sql)) for kind, name, sql in db.shape(connection)]
    assert climbed == [(kind, name, words(sql)) for kind, name, sql in db.shape(document)]
    assert db.version_of(connection) == db.newest_version()
    connection.close()
    document.close()


def test_the_steps_are_numbered_without_a_gap() -> None:
    numbers = [number for number, _ in db.steps()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_step_that_older_agents_can_live_with_only_adds() -> None:
    """A table, an index, or a column with a default: an agent that does not know them writes on as ever."""
    for number, sql in db.steps():
        told = db.OLDER_AGENTS.search(sql)
        if told:
            assert int(told[1]) < number
            bare = " ".join(line.partition("--")[0] for line in sql.splitlines())
            for statement in filter(None, (words(one) for one in bare.split(";"))):
                assert re.match(r"create (table|index|view) |alter table \w+ add column .* default ", statement), (
                    statement
                )


def test_the_agent_before_works_on_with_a_database_that_only_got_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, known = tmp_path / "outbox.db", db.steps()
    monkeypatch.setattr(db, "steps", lambda: [*known, (8_001, MORE.format(8_000)), (8_002, MORE.format(8_001))])
    db.connect(path).close()
    for usable, steps in ((False, known), (True, [*known, (8_001, MORE.format(8_000))])):
        monkeypatch.setattr(db, "steps", lambda steps=steps: steps)
        if usable:
            db.connect(path).close()
        else:
            with pytest.raises(AgentError, match="D-105"):
                db.connect(path)


def test_climbing_twice_changes_nothing() -> None:
    connection = at_version(0)
    db.climb(connection)
    before = connection.execute("pragma schema_version").fetchone()
    db.climb(connection)
    assert connection.execute("pragma schema_version").fetchone() == before
    connection.close()


def test_a_step_that_fails_leaves_the_version_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = db.newest_version()
    connection = at_version(newest)
    step = "create table good (a text) strict;\ncreate table bad (a nonsense) strict;"
    monkeypatch.setattr(db, "steps", lambda: [(newest + 1, step)])
    with pytest.raises(sqlite3.Error):
        db.climb(connection)
    connection.execute("rollback")
    assert db.version_of(connection) == newest
    assert "good" not in {name for _, name, _ in db.shape(connection)}
    connection.close()


def test_a_database_of_a_newer_agent_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    connection = db.connect(path)
    connection.executescript(of_a_newer_agent())
    connection.close()
    before = path.read_bytes()
    with pytest.raises(AgentError, match="newer agent") as refused:
        db.connect(path)
    assert refused.value.code == "D-105"
    assert "Install the newer agent" in refused.value.do
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: every commit is synced
        ("wal_autocheckpoint", 0),
        ("auto_vacuum", 2),  # incremental
        ("secure_delete", 0),
        ("foreign_keys", 1),
        ("busy_timeout", 0),  # the writer waits by itself, so that it can tell
    ],
)
@pytest.mark.parametrize("empty_file", [False, True], ids=["no file", "an empty file"])
def test_the_writers_connection_is_as_promised(tmp_path: Path, pragma: str, value: object, empty_file: bool) -> None:
    path = tmp_path / "outbox.db"
    if empty_file:
        path.touch()
    connection = db.connect(path)
    assert connection.execute(f"pragma {pragma}").fetchone() == (value,)
    connection.close()


def test_the_checkpointer_syncs_the_database_before_the_log_starts_over(tmp_path: Path) -> None:
    db.connect(tmp_path / "outbox.db").close()
    connection = db.connect_checkpointer(tmp_path / "outbox.db")
    assert connection.execute("pragma synchronous").fetchone() == (2,)
    assert connection.execute("pragma wal_autocheckpoint").fetchone() == (0,)
    connection.close()


def test_a_reader_cannot_write_and_starts_no_database(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with pytest.raises(sqlite3.OperationalError):
        db.connect_reader(path)
    assert list(tmp_path.iterdir()) == []
    db.connect(path).close()
    connection = db.connect_reader(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("insert into fact (key, value) values ('a', x'00')")
    connection.close()


def test_pages_that_were_read_are_forgotten_when_it_is_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What SQLite holds is known of the whole process; nobody else uses it meanwhile."""
    library = ctypes.CDLL(ctypes.util.find_library("sqlite3"))
    library.sqlite3_memory_used.restype = ctypes.c_longlong
    connection = db.connect(tmp_path / "outbox.db")
    forgetting = db.Forgetting()
    connection.execute("create table filler (body)")
    connection.executemany("insert into filler values (zeroblob(4000))", [()] * 300)
    full_bytes = library.sqlite3_memory_used()
    assert full_bytes > 1_000_000, "this is not the library that Python uses"
    forgetting.look(connection)
    assert library.sqlite3_memory_used() == full_bytes
    monkeypatch.setattr(db, "FORGET_S", 0.0)
    forgetting.look(connection)
    assert library.sqlite3_memory_used() < full_bytes - 1_000_000
    assert connection.execute("select count(*) from filler").fetchone() == (300,)
    connection.close()


def test_a_path_with_odd_characters_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a b?mode=memory#%41.db"
    db.connect(path).close()
    assert path.exists()
