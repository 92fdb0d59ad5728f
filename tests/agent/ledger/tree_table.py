"""The table `tree` alone, with a log in it that was written as the writer does it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from agent import db
from agent.ledger.log import Log

EPOCH = 1


def database(path: Path | str, leaves: Sequence[bytes], groups: Sequence[int] = ()) -> sqlite3.Connection:
    """A database of the newest schema with one epoch whose log has these leaves; `groups` says how they came."""
    made = sqlite3.connect(path, isolation_level=None)
    db.climb(made)
    made.execute("insert into epoch (id, uuid, opened_ns, reason) values (1, 'e', 0, 'new')")
    grow(made, Log(), leaves, groups)
    return made


def grow(made: sqlite3.Connection, log: Log, leaves: Sequence[bytes], groups: Sequence[int] = ()) -> Log:
    first = 0
    made.execute("begin")
    for count in [*groups, len(leaves)]:
        log, rows = log.grown(leaves[first : first + count])
        made.executemany("insert into tree (epoch, level, idx, hash) values (1, ?, ?, ?)", rows)
        first += count
    made.execute("commit")
    return log


def reader(path: Path) -> closing[sqlite3.Connection]:
    return closing(db.connect_reader(path))
