"""Both databases behind one face: what is committed is there, what failed is not, and trouble is always StoreDown."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from centre.database import Database, SqliteDatabase, open_database
from centre.errors import CentreError, StoreDown
from tests.centre.conftest import Open

EVENT = (1, 1, "a.b", "2026-11-23T08:12:39Z", 5, "{}")
ADD_SCHOOL = "insert into school (name, key, added_ns) values (?, ?, ?)"


def insert(database: Database, *rows: tuple[object, ...]) -> int:
    with database.transaction():
        return database.insert_events(list(rows))


def events(open_one: Open) -> list[tuple[object, ...]]:
    """As another connection sees them."""
    return open_one().execute("select * from event order by sequence")


def test_tables_are_made_once_and_kept(open_one: Open) -> None:
    insert(open_one(), EVENT)
    assert events(open_one) == [EVENT]


@pytest.mark.parametrize("database_url", ["sqlite", "bare postgres"], indirect=True)
def test_two_that_open_at_once_make_them_once(open_one: Open) -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(open_one().execute("select * from event"))) for _ in "1234"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [[]] * 4


def test_a_table_that_is_missing_is_made_beside_the_others(open_one: Open) -> None:
    database = open_one()
    insert(database, EVENT)
    database.execute("drop table loss")
    assert open_one().execute("select * from loss") == []
    assert events(open_one) == [EVENT]


def test_where_all_tables_are_there_nobody_who_opens_waits_for_who_writes(open_one: Open) -> None:
    database = open_one()
    with database.transaction():
        database.execute(ADD_SCHOOL, ("s", b"", 1))
        assert open_one().execute("select * from school") == []


def test_of_events_only_the_new_ones_are_inserted(open_one: Open) -> None:
    database = open_one()
    assert insert(database, EVENT) == 1
    other = (*EVENT[:5], "other")
    assert insert(database, other, (1, 2, *EVENT[2:]), (2, 1, *EVENT[2:])) == 2
    assert events(open_one)[0] == EVENT
    assert len(events(open_one)) == 3


@pytest.mark.parametrize(
    "body", ['{"a":"Әліппе 🎓"}', "tab\tand\nline", "back\\slash \\N \\.", "\\u0000 as told", '"quoted"', ""]
)
def test_a_body_comes_back_as_it_went_in(open_one: Open, body: str) -> None:
    """PostgreSQL takes them within JSON, which has its own escapes."""
    insert(open_one(), (*EVENT[:5], body))
    assert events(open_one) == [(*EVENT[:5], body)]


def test_bytes_come_back_as_they_went_in(open_one: Open) -> None:
    key = bytes(range(256))
    open_one().execute(ADD_SCHOOL, ("s", key, 1))
    assert bytes(open_one().execute("select key from school")[0][0]) == key


def test_a_transaction_is_seen_whole_or_not_at_all(open_one: Open) -> None:
    database = open_one()
    with database.transaction():
        database.insert_events([EVENT])
        assert events(open_one) == []
        database.execute(ADD_SCHOOL, ("s", b"", 1))
    assert events(open_one) == [EVENT]


def test_what_failed_leaves_nothing(open_one: Open) -> None:
    database = open_one()

    def half() -> None:
        with database.transaction():
            database.insert_events([EVENT])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert events(open_one) == []
    with database.transaction():
        database.insert_events([EVENT])
    assert events(open_one) == [EVENT]


def test_a_broken_rule_is_storedown_and_the_connection_goes_on(open_one: Open) -> None:
    database = open_one()
    database.execute(ADD_SCHOOL, ("s", b"", 1))

    def again() -> None:
        with database.transaction():
            database.execute(ADD_SCHOOL, ("t", b"", 1))
            database.execute(ADD_SCHOOL, ("s", b"", 1))

    with pytest.raises(StoreDown):
        again()
    assert database.execute("select name from school") == [("s",)]


# --- SQLite alone --------------------------------------------------------------------------------------------


def test_every_commit_of_sqlite_is_synced(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "centre.db")
    assert database.execute("pragma synchronous") == [(2,)]
    assert database.execute("pragma journal_mode") == [("wal",)]
    database.close()


def test_a_foreign_lock_is_waited_for_then_storedown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.database.BUSY_S", 0.1)
    database = SqliteDatabase(tmp_path / "centre.db")
    foreign = sqlite3.connect(tmp_path / "centre.db", isolation_level=None)
    foreign.execute("begin immediate")

    with pytest.raises(StoreDown, match="locked"):
        insert(database, EVENT)
    foreign.execute("rollback")
    insert(database, EVENT)
    assert database.execute("select count(*) from event") == [(1,)]
    foreign.close()
    database.close()


def test_a_file_that_is_no_database_is_storedown(tmp_path: Path) -> None:
    (tmp_path / "centre.db").write_text("hello " * 1_000)
    with pytest.raises(StoreDown, match="not a database"):
        open_database(f"sqlite:///{tmp_path}/centre.db")


def test_a_folder_that_cannot_be_made_is_storedown(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreDown):
        open_database(f"sqlite:///{tmp_path}/file/centre.db")


# --- URLs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["", "centre.db", "sqlite://centre.db", "mysql://user:secret@host/name"])
def test_another_url_is_told_what_to_write_and_no_password(url: str) -> None:
    with pytest.raises(CentreError, match="K-102") as caught:
        open_database(url)
    assert "sqlite:///PATH" in caught.value.do
    assert "secret" not in str(caught.value)


def test_a_snapshot_sees_one_moment_and_keeps_nobody_from_writing(open_one: Open) -> None:
    reader, writer = open_one(), open_one()
    count = "select count(*) from school"
    with reader.snapshot():
        assert reader.execute(count) == [(0,)]
        with writer.transaction():
            writer.execute("insert into school (name, key, added_ns) values ('a', ?, 0)", (bytes(32),))
        assert reader.execute(count) == [(0,)]
    assert reader.execute(count) == [(1,)]


def test_many_rows_at_once(open_one: Open) -> None:
    database = open_one()
    rows = [("a", bytes([n]) * 32, n) for n in range(5)]
    with database.transaction():
        database.execute_many("insert into school_key (school, key, added_ns) values (?, ?, ?)", rows)
    assert database.execute("select added_ns from school_key order by added_ns") == [(n,) for n in range(5)]


def test_what_each_of_many_questions_finds(open_one: Open) -> None:
    database = open_one()
    insert(database, EVENT, (1, 2, *EVENT[2:]), (2, 1, *EVENT[2:]))
    sql = "select sequence from event where stream = ? order by sequence"
    assert database.execute_each(sql, [(2,), (3,), (1,), (2,)]) == [[(1,)], [], [(1,), (2,)], [(1,)]]
    assert database.execute_each(sql, []) == []
