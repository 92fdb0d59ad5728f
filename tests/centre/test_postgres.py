"""What only PostgreSQL does: connections that are lost come back, a password is never said."""

from __future__ import annotations

import os
import socket

import psycopg
import pytest

from centre.database import open_database
from centre.errors import CentreError, StoreDown
from centre.postgres import PostgresDatabase
from simulator.postgres import Postgres
from simulator.processes import free_port

EVENT = (1, 1, "a.b", "2026-11-23T08:12:39Z", 5, "{}")


@pytest.fixture
def database(postgres: Postgres) -> PostgresDatabase:
    with psycopg.connect(postgres.url, autocommit=True) as db:
        db.execute("drop table if exists event")
    return PostgresDatabase(postgres.url)


def cut(postgres: Postgres) -> None:
    """As the server's restart does to every client."""
    with psycopg.connect(postgres.url, autocommit=True) as db:
        db.execute("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")


def insert(database: PostgresDatabase) -> None:
    with database.transaction():
        database.insert_events([EVENT])


def test_the_url_chooses_it(postgres: Postgres) -> None:
    database = open_database(postgres.url)
    assert isinstance(database, PostgresDatabase)
    database.close()


@pytest.mark.parametrize("step", ["execute", "insert", "transaction"])
def test_a_lost_connection_costs_one_try(postgres: Postgres, database: PostgresDatabase, step: str) -> None:
    insert(database)
    cut(postgres)
    tries = {
        "execute": lambda: database.execute("select 1"),
        "insert": lambda: database.insert_events([(1, 2, *EVENT[2:])]),
        "transaction": lambda: insert(database),
    }
    with pytest.raises(StoreDown):
        tries[step]()
    tries[step]()
    assert database.execute("select count(*) from event")[0][0] >= 1
    database.close()


def test_a_connection_lost_within_a_transaction_commits_nothing_of_it(
    postgres: Postgres, database: PostgresDatabase
) -> None:
    """In particular the rest of it does not go on over a new connection."""

    def half() -> None:
        with database.transaction():
            database.insert_events([EVENT])
            cut(postgres)
            database.insert_events([(1, 2, *EVENT[2:])])

    with pytest.raises(StoreDown):
        half()
    assert database.execute("select count(*) from event") == [(0,)]
    database.close()


@pytest.mark.parametrize(("more", "idle_s"), [("", 10), ("keepalives_idle=77", 77)])
def test_a_server_that_vanishes_without_a_word_is_given_up_soon_unless_the_url_says_otherwise(
    postgres: Postgres, more: str, idle_s: int
) -> None:
    database = PostgresDatabase(postgres.url + (("&" if "?" in postgres.url else "?") + more if more else ""))
    with socket.socket(fileno=os.dup(database._connection().fileno())) as line:
        assert line.family in (socket.AF_INET, socket.AF_INET6)
        options = [socket.SO_KEEPALIVE, socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT]
        levels = [socket.SOL_SOCKET, *[socket.IPPROTO_TCP] * 3]
        found = [line.getsockopt(level, option) for level, option in zip(levels, options, strict=True)]
        assert found == [1, idle_s, 5, 3]
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
    database.close()


def test_nobody_there_is_storedown() -> None:
    with pytest.raises(StoreDown, match="refused"):
        open_database(f"postgresql://mektep@127.0.0.1:{free_port()}/postgres")


UNREADABLE = [
    "postgresql://mektep:sec%zzret@127.0.0.1:1/postgres",
    "postgresql://mektep:se@cret@127.0.0.1:1/postgres",
    "postgresql://mektep:sec/ret@127.0.0.1:1/postgres",
    "postgresql://mektep:secret@127.0.0.1:secret/postgres",
    "postgresql://mektep:secret@127.0.0.1:1/postgres?secret=1",
]


@pytest.mark.parametrize("url", UNREADABLE)
def test_a_url_that_cannot_be_read_is_told_without_its_password(url: str) -> None:
    """The driver quotes what it cannot read."""
    with pytest.raises(CentreError, match="K-102") as caught:
        open_database(url)
    said = f"{caught.value.what}{caught.value.do}{caught.value.__cause__}"
    assert not [piece for piece in ("sec", "cret", "zzret") if piece in said]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://mektep:secret@127.0.0.1:1/postgres",
        "postgresql://mektep:se%40cret@127.0.0.1:1/postgres",
        "postgresql:///postgres?host=127.0.0.1&port=1&user=mektep&password=secret",
    ],
)
def test_a_password_is_never_said(url: str) -> None:
    with pytest.raises(StoreDown, match="refused") as caught:
        open_database(url)
    assert not [piece for piece in ("sec", "cret") if piece in str(caught.value)]
