"""The last days of a box's cameras as the database has them, read without the daemon.

Raises  AgentError D-101 if the database cannot be read, X-002 if this user may not.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from agent import db
from agent.errors import AgentError
from agent.sightings import rows
from agent.sightings.rows import ScoreRow, SightingRow

STEP = 4  # of the schema, that made these tables


class Days(msgspec.Struct, frozen=True):
    """What was scored and told since a moment; empty if nothing was."""

    scores: list[ScoreRow] = []
    sightings: list[SightingRow] = []


def days(path: Path, since_ns: int) -> Days:
    """Empty too where no agent has run yet, or only one that kept nothing."""
    try:
        path.stat()
    except FileNotFoundError:
        return Days()
    except PermissionError as error:
        raise AgentError(
            "X-002", f"{path} cannot be read by this user", do="Run it as root: sudo mektep camera tune"
        ) from error
    try:
        with closing(db.connect_reader(path)) as connection:
            if db.version_of(connection) < STEP:
                return Days()
            connection.execute("begin")
            return Days(rows.scores(connection.execute, since_ns), rows.sightings(connection.execute, since_ns))
    except sqlite3.Error as error:
        do = "Start the agent once; if that does not help, look at `mektep status`."
        raise AgentError("D-101", f"{path} cannot be read: {error}", do=do) from error
