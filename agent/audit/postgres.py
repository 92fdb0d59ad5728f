"""The same rows from PostgreSQL: one read-only transaction of one moment. Needs psycopg, the extra `audit`.

Password  in ~/.pgpass or PGPASSWORD, never in the URL: a process's arguments are seen by all. Raises AgentError A-104.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from agent.audit.rows import AT_ONCE, Row, unreadable
from agent.errors import AgentError

CONNECT_S = 10


class PostgresRows:
    """One connection."""

    def __init__(self, url: str) -> None:
        name = _checked(url)
        try:
            self._db: psycopg.Connection[Row] = psycopg.connect(url, connect_timeout=CONNECT_S)
            self._db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._db.read_only = True
        except psycopg.Error as error:
            raise unreadable(name, error) from error
        self._name = name

    def all(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return [row for rows in self.stream(sql, args) for row in rows]

    def stream(self, sql: str, args: Sequence[Any] = ()) -> Iterator[list[Row]]:
        try:
            with self._db.cursor(name="audit") as cursor:
                cursor.execute(sql.replace("?", "%s"), args)
                while rows := cursor.fetchmany(AT_ONCE):
                    yield rows
        except psycopg.Error as error:
            raise unreadable(self._name, error) from error

    def tables(self) -> set[str]:
        sql = "select table_name from information_schema.tables where table_schema = any (current_schemas(false))"
        return {name for (name,) in self.all(sql)}

    def close(self) -> None:
        self._db.close()


def _checked(url: str) -> str:
    """What may be shown of a URL. Raises AgentError A-104 if it has a password, or is none."""
    try:
        said = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise AgentError("A-104", "the database's URL cannot be read", do="Write postgresql://HOST/NAME.") from error
    if said.get("password"):
        do = "Put it into ~/.pgpass or PGPASSWORD: everybody on this machine sees the words of a command."
        raise AgentError("A-104", "the database's URL has a password in it", do=do)
    return f"{said.get('host') or 'localhost'}/{said.get('dbname') or ''}"
