"""The history as the database has it, read without the daemon: up, down, or with the database locked.

Locked  read as it was at the last checkpoint (immutable): what is newer is missing, and that is said.
Raises  AgentError D-101 if the database cannot be read at all, X-002 if this user may not.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from agent import db
from agent.errors import AgentError
from agent.history import rows
from agent.history.rows import Part, Stretch

STEP = 7  # of the schema, that made the table
NOT_ALL = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL}


class Told(msgspec.Struct, frozen=True):
    """What the database tells of one thing."""

    stretches: list[Stretch] = []
    whole: bool = True  # False: what was written last may be missing


def read(path: Path, part: Part, name: str, since_ns: int) -> Told:
    """Empty where no agent has run yet, or only one that kept nothing."""
    try:
        path.stat()
    except FileNotFoundError:
        return Told()
    except PermissionError as error:
        raise _refused(path) from error
    try:
        return Told(_rows(path, part, name, since_ns, immutable=False))
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in NOT_ALL:
            raise _unreadable(path, error) from error
    try:
        return Told(_rows(path, part, name, since_ns, immutable=True), whole=False)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error


def _rows(path: Path, part: Part, name: str, since_ns: int, *, immutable: bool) -> list[Stretch]:
    with closing(db.connect_reader(path, immutable=immutable)) as connection:
        if db.version_of(connection) < STEP:
            return []
        return rows.life(connection.execute, part, name, since_ns)


def _refused(path: Path) -> AgentError:
    return AgentError("X-002", f"{path} cannot be read by this user", do="Run it as root: sudo mektep why")


def _unreadable(path: Path, error: sqlite3.Error) -> AgentError:
    do = "`mektep doctor` says what is wrong with the disk; the agent salvages the file when it starts."
    return AgentError("D-101", f"{path} cannot be read: {error}", do=do)
