"""A database read and not written: rows of a statement, as of one moment.

Raises  AgentError A-101 if it cannot be read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from agent.audit.leaf import shown
from agent.errors import AgentError

Row = tuple[Any, ...]
AT_ONCE = 2_000
SQLITE_HEAD = b"SQLite format 3\0"


class Rows(Protocol):
    """One connection."""

    def all(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """The rows of a statement with ?, all of them."""

    def stream(self, sql: str, args: Sequence[Any] = ()) -> Iterator[list[Row]]:
        """The same, some at a time."""

    def tables(self) -> set[str]:
        """Which tables there are."""

    def close(self) -> None: ...


class SqliteRows:
    """A file. What is written to it meanwhile is not seen."""

    def __init__(self, path: Path) -> None:
        try:
            uri = path.absolute().as_uri() + "?mode=ro"
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None)
            self._db.execute("begin")
        except sqlite3.Error as error:
            raise unreadable(str(path), error) from error
        self._name = str(path)

    def all(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return [row for rows in self.stream(sql, args) for row in rows]

    def stream(self, sql: str, args: Sequence[Any] = ()) -> Iterator[list[Row]]:
        try:
            cursor = self._db.execute(sql, args)
            while rows := cursor.fetchmany(AT_ONCE):
                yield rows
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise unreadable(self._name, error) from error

    def tables(self) -> set[str]:
        return {name for (name,) in self.all("select name from sqlite_master where type = 'table'")}

    def close(self) -> None:
        self._db.close()


def is_sqlite(path: Path) -> bool:
    """Whether this file is a database."""
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE_HEAD)) == SQLITE_HEAD
    except OSError:
        return False


def unreadable(name: str, error: Exception) -> AgentError:
    """A-101."""
    do = "Look whether it is the right one, whether this user may read it, and whether it works."
    return AgentError("A-101", f"{shown(name, 200)} cannot be read: {shown(str(error), 200)}", do=do)
