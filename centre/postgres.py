"""PostgreSQL as the centre's database: many events are one INSERT of six arrays, which leaves what is there alone.

A COPY into a temporary table takes thousands hardly faster and half a dozen twice as slowly, for that table must be
emptied each time: and a city that catches up sends few events of many schools.
A lost connection is opened again at the next use; a machine that has vanished without a word is given up in half a
minute, where the system itself would wait for two hours. Bodies are text: jsonb would reorder what a hash covers.
Raises  StoreDown; CentreError K-102 for a URL that cannot be read: the driver's own words would quote the password.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from centre.database import MADE, SCHEMA, Row
from centre.errors import CentreError, StoreDown

SETUP_LOCK = 7_301_923  # two receivers that start together must not make the tables at once
THERE = "select relname from pg_class where relnamespace = to_regnamespace(current_schema())"
LOST = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}  # s, ms
INSERT_EVENTS = """
insert into event
select * from unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::bigint[], %b::text[])
  as given (stream, sequence, type, time, received_ns, body)
order by stream, sequence on conflict do nothing
"""  # %b: in binary, which takes a fifth of the time that text takes


class PostgresDatabase:
    """One connection."""

    lock = " for update"

    def __init__(self, url: str) -> None:
        _must_be_readable(url)
        self._url = url
        self._db: psycopg.Connection[Row] | None = None
        self._connection()

    def execute(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        try:
            cursor = self._connection().execute(sql.replace("?", "%s"), args)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self._down(error) from error

    def execute_many(self, sql: str, rows: list[Row]) -> None:
        try:
            with self._connection().cursor() as cursor:
                cursor.executemany(sql.replace("?", "%s"), rows)
        except psycopg.Error as error:
            raise self._down(error) from error

    def execute_each(self, sql: str, rows: list[Row]) -> list[list[Row]]:
        """In one round trip."""
        found: list[list[Row]] = []
        try:
            with self._connection().cursor() as cursor:
                cursor.executemany(sql.replace("?", "%s"), rows, returning=True)
                while len(found) < len(rows):
                    found.append(cursor.fetchall())
                    cursor.nextset()
                return found
        except psycopg.Error as error:
            raise self._down(error) from error

    def insert_events(self, rows: list[Row]) -> int:
        columns = [list(column) for column in zip(*rows, strict=True)]
        try:
            return self._connection().execute(INSERT_EVENTS, columns).rowcount
        except psycopg.Error as error:
            raise self._down(error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            with self._connection().transaction():
                yield
        except psycopg.Error as error:
            raise self._down(error) from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self.transaction():
            self.execute("set transaction isolation level repeatable read, read only")
            yield

    def close(self) -> None:
        if self._db is not None:
            self._db.close()

    def _connection(self) -> psycopg.Connection[Row]:
        if self._db is not None and not self._db.closed:
            return self._db
        try:
            db: psycopg.Connection[Row] = psycopg.connect(
                make_conninfo(self._url, **(LOST | conninfo_to_dict(self._url))), autocommit=True, connect_timeout=5
            )
            db.execute("set client_min_messages = warning")
            if not {row[0] for row in db.execute(THERE)} >= MADE:
                _make(db)
        except psycopg.Error as error:
            raise StoreDown(_in_one_line(error)) from error
        self._db = db
        return db

    def _down(self, error: psycopg.Error) -> StoreDown:
        if self._db is not None and (self._db.closed or self._db.broken):
            self._db = None
        return StoreDown(_in_one_line(error))


def _make(db: psycopg.Connection[Row]) -> None:
    with db.transaction():
        db.execute("select pg_advisory_xact_lock(%s)", (SETUP_LOCK,))
        schema = SCHEMA.format(
            bytes="bytea", serial="bigint primary key generated always as identity", rowless="", nothing="''"
        )
        db.execute(schema)


def _in_one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())


def _must_be_readable(url: str) -> None:
    try:
        said = conninfo_to_dict(url)
    except psycopg.Error:
        said = {"host": "@"}
    host, port = str(said.get("host") or ""), str(said.get("port") or "5432")
    if "@" in host or not port.replace(",", "").isdecimal():
        do = "In a password write %40 for @, %2F for /, %25 for %, %3A for a colon; or put it into ~/.pgpass."
        raise CentreError("K-102", "the database's URL cannot be read", do=do)
