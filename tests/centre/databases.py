"""Databases of one PostgreSQL cluster for tests: bare ones, and one with the centre's tables, lent empty to one test
after the other.

To make a database and its tables takes longer than most tests; to empty those that a test has filled does not.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import psycopg
from psycopg.sql import SQL, Identifier

from centre.database import open_database
from simulator.postgres import Postgres

NAMES = itertools.count(1)
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> %s"
TABLES = "select tablename from pg_tables where schemaname = 'public' order by tablename"
COUNTED = "select sequencename from pg_sequences where schemaname = 'public' and last_value is not null"


class Databases:
    """One per cluster, used by one test at a time."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._lent = ""
        self._tables: list[str] = []

    def bare(self) -> str:
        """The URL of a new one without a table."""
        name = f"centre_{next(NAMES)}"
        with psycopg.connect(self._server.url, autocommit=True) as db:
            db.execute(SQL("create database {}").format(Identifier(name)))
        return self._server.url.rsplit("/", 1)[0] + f"/{name}"

    def empty(self) -> str:
        """The URL of one in which all tables are there, and nothing is in them. Who had it before is cut off."""
        if not self._lent:
            self._lent = self.bare()
            open_database(self._lent).close()
            with psycopg.connect(self._lent) as db:
                self._tables = _names(db, TABLES)
            return self._lent
        with psycopg.connect(self._lent, autocommit=True) as db:
            db.execute(CUT, (db.info.backend_pid,))
            if _names(db, TABLES) != self._tables:
                self._lent = ""  # a test has made or dropped a table: nobody else gets that
                return self.empty()
            _clear(db, self._tables)
        return self._lent


def _clear(db: psycopg.Connection[tuple[str, ...]], tables: Sequence[str]) -> None:
    filled = SQL(" union all ").join(
        SQL("select {} where exists (select from {})").format(name, Identifier(name)) for name in tables
    )
    if names := [row[0] for row in db.execute(filled)]:
        db.execute(SQL("truncate {}").format(SQL(", ").join(map(Identifier, names))))
    for name in _names(db, COUNTED):
        db.execute(SQL("alter sequence {} restart").format(Identifier(name)))


def _names(db: psycopg.Connection[tuple[str, ...]], sql: str) -> list[str]:
    return [row[0] for row in db.execute(sql.encode())]
