"""The ledger of the newest epoch as the database has it, on a connection of its own and as of one moment.

Raises  AgentError D-101 if the database cannot be read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from agent import db
from agent.errors import AgentError
from agent.ledger.stored import Stored
from agent.outbox.outbox import LAST_CHECKPOINT


class LedgerView(msgspec.Struct, frozen=True):
    """What a reader of the ledger needs."""

    epoch: str
    before: frozenset[str]  # earlier epochs that this database knows
    log: Stored
    checkpoint: str  # the last that was signed, as a note; of this epoch or of one before; empty if there is none


@contextmanager
def ledger_view(path: Path) -> Iterator[LedgerView]:
    """For as long as it is used, the database's log cannot be cleared: seconds, not more."""
    try:
        with closing(db.connect_reader(path)) as connection:
            connection.execute("begin")
            epochs = connection.execute("select id, uuid from epoch order by id").fetchall()
            fact = connection.execute("select value from fact where key = ?", (LAST_CHECKPOINT,)).fetchone()
            if not epochs:
                raise sqlite3.DatabaseError("it has no epoch yet")
            yield LedgerView(
                epochs[-1][1],
                frozenset(uuid for _, uuid in epochs[:-1]),
                Stored(connection.execute, epochs[-1][0]),
                bytes(fact[0]).decode() if fact else "",
            )
    except sqlite3.Error as error:
        do = "Start the agent once; if that does not help, look at `mektep status`."
        raise AgentError("D-101", f"{path} cannot be read: {error}", do=do) from error
