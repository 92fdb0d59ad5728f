"""What the database holds, read without the daemon: for `mektep status` when it is dead. It imports little."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from agent import db
from agent.model import Lane
from agent.outbox import locks
from agent.outbox.lanes import LaneState

SELECT = """
select l.lane,
       max(coalesce((select max(last) from message m where m.epoch = l.epoch and m.lane = l.lane), 0), l.settled),
       l.settled, coalesce((select sum(length(body)) from message m where m.lane = l.lane), 0)
from lane l where l.epoch = (select max(id) from epoch)
"""
BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")  # and their extended codes


class Unread(msgspec.Struct, frozen=True):
    """Why nothing can be said of a database: of docs/errors.md."""

    code: str
    what: str
    do: str


def look(path: Path) -> dict[Lane, LaneState] | Unread:
    """The lanes of the newest epoch, none if there is no database; or why it cannot be read."""
    if not path.exists():
        return {}
    try:
        connection = db.connect_reader(path)
        try:
            rows = connection.execute(SELECT).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return unread(path, error)
    return {Lane(lane): LaneState(last, settled, size) for lane, last, settled, size in rows}


def unread(path: Path, error: sqlite3.Error) -> Unread:
    """What an error of the database means to a technician."""
    if str(getattr(error, "sqlite_errorname", "")).startswith(BUSY):
        holders = ", ".join(locks.write_lock_holders(path)) or "unknown"
        what = f"another process holds the database locked: {holders}"
        return Unread("D-122", what, "End that process or close its transaction; then look again.")
    what = f"{path} cannot be read as a database: {error}"
    return Unread("D-101", what, "Start the agent: it sets a damaged file aside and saves what can be read.")
