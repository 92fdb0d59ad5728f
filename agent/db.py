"""The one SQLite file: open it, climb its schema, set what durability and a mortal SD card demand.

Durable  WAL with synchronous=FULL: each commit is one fdatasync of the log; NORMAL would lose the last commits at
         power loss.
Space    auto_vacuum=INCREMENTAL gives freed space back; secure_delete off: overwriting would double the card's wear.
Memory   CACHE_KIB a connection at most, forgotten each FORGET_S.
Back     a step that only adds says so in its first lines (`-- older agents: from schema N on`): an agent that knows
         schema N can work with the file after it, and leaves alone what it does not know. So the version before comes
         back after an update without losing a record (docs/updates.md).
Raises   sqlite3.Error; the outbox decides what it means. AgentError D-105 if a newer agent made the file, and this one
         cannot work with it.
"""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path

from agent.errors import AgentError

SCHEMA = Path(__file__).parent / "schema"  # importlib.resources imports much
CACHE_KIB = 2048
FORGET_S = 600.0
OLDER_AGENTS = re.compile(r"^-- older agents: from schema (\d+) on$", re.MULTILINE)
USABLE_FROM = "schema.usable_from"  # the fact that tells older agents
TELL_OLDER = "insert or replace into fact values ('schema.usable_from', cast('{}' as blob));"


def connect(path: Path) -> sqlite3.Connection:
    """A connection for the writer, with the newest schema. Autocommit: transactions are explicit."""
    fresh = not path.exists() or path.stat().st_size == 0
    db = _open(path.absolute().as_uri())
    if fresh:
        db.execute("pragma auto_vacuum=incremental")
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=full")
    db.execute("pragma wal_autocheckpoint=0")  # the checkpointer does it, off the tap's path
    db.execute("pragma journal_size_limit=8388608")
    db.execute("pragma foreign_keys=on")
    climb(db)
    return db


def connect_reader(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """A read-only connection; never starts a database. `immutable`: past every lock, and without the log."""
    return _open(path.absolute().as_uri() + ("?mode=ro&immutable=1" if immutable else "?mode=ro"))


def connect_checkpointer(path: Path) -> sqlite3.Connection:
    """A connection that moves the log into the database while the writer goes on."""
    db = _open(path.absolute().as_uri())
    db.execute("pragma synchronous=full")
    db.execute("pragma wal_autocheckpoint=0")
    return db


def _open(uri: str) -> sqlite3.Connection:
    db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=0)
    db.execute(f"pragma cache_size=-{CACHE_KIB}")
    db.execute("pragma secure_delete=off")
    db.execute("pragma temp_store=memory")
    return db


class Forgetting:
    """Of a connection that lives as long as the daemon: now and then its cache of pages is freed. It would fill up over
    hours, though seldom anything is read twice; the next reads find theirs with the system.
    """

    def __init__(self) -> None:
        self._forgot_s = time.monotonic()

    def look(self, db: sqlite3.Connection) -> None:
        """Forget, if it is time."""
        now_s = time.monotonic()
        if now_s - self._forgot_s >= FORGET_S:
            self._forgot_s = now_s
            db.execute("pragma shrink_memory")


def steps() -> list[tuple[int, str]]:
    """The schema's steps: number and SQL, in order."""
    files = sorted(entry.name for entry in SCHEMA.iterdir() if entry.name[:4].isdigit())
    return [(int(name[:4]), (SCHEMA / name).read_text(encoding="utf-8")) for name in files]


def climb(db: sqlite3.Connection) -> None:
    """Run the steps that this file has not seen; each is one transaction. Raises AgentError D-105."""
    version = version_of(db)
    refuse_newer(db)
    for number, sql in steps():
        if number > version:
            known = OLDER_AGENTS.search(sql)
            told = TELL_OLDER.format(int(known[1]) if known else number)
            db.executescript(f"begin immediate;\n{sql}\n{told}\npragma user_version={number};\ncommit;")


def version_of(db: sqlite3.Connection) -> int:
    """The last step that this file has seen."""
    (version,) = db.execute("pragma user_version").fetchone()
    return int(version)


def newest_version() -> int:
    """The last step that this agent knows."""
    return steps()[-1][0]


def refuse_newer(db: sqlite3.Connection) -> None:
    """Raises AgentError D-105 if the file has seen a step that this agent does not know and cannot live with."""
    version, known = version_of(db), newest_version()
    if version > known and usable_from(db) > known:
        raise AgentError(
            "D-105",
            f"the database has schema {version}, made by a newer agent; this one knows {known}",
            do="Install the newer agent again; nothing was changed.",
        )


def usable_from(db: sqlite3.Connection) -> int:
    """The lowest schema with which an agent can work with this file: its own, unless it says another."""
    try:
        told = db.execute("select value from fact where key = ?", (USABLE_FROM,)).fetchone()
    except sqlite3.OperationalError:  # damaged, or none of ours
        told = None
    return int(told[0]) if told and bytes(told[0]).isdigit() else version_of(db)


def shape(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """What the schema says: kind, name and SQL of each table and view."""
    rows = db.execute("select type, name, coalesce(sql, '') from sqlite_master order by type, name")
    return [(kind, name, sql) for kind, name, sql in rows]


def newest_shape() -> list[tuple[str, str, str]]:
    """The shape that all steps lead to."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        climb(db)
        return shape(db)
    finally:
        db.close()
