"""The database: whole, of a schema that this agent knows, not held by somebody else. Read only; bounded in time.

Locked  a lock of a writer does not hinder; past one that locks everything it is read as it was at the last checkpoint.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from agent import db
from agent.doctor.finding import Finding, fault, note, refused, warn, well
from agent.doctor.site import Site
from agent.outbox import locks
from agent.outbox.checkpointer import TOO_LONG_BYTES
from agent.outbox.salvage import means_damage
from agent.texts.measures import measured

MB = 1_000_000
STEPS = 10_000  # of SQLite's machine between two looks at the clock
SALVAGED = "Nothing now: at the restart the file is set aside and its rows are salvaged. Plan a new card."
NOT_ALL = "Nothing now: the agent checks what it reads. `mektep doctor --only database` takes longer."
END_IT = "End that process or close its transaction; the agent goes on by itself."


def database(site: Site) -> list[Finding]:
    """Everything about the file."""
    path = site.places.database
    try:
        size = path.stat().st_size
    except PermissionError:
        return [refused(str(path))]
    except OSError:
        return [well("there is none yet")]
    try:
        found, facts = _inside(path, site.patience_s)
    except sqlite3.Error as error:
        if means_damage(error):
            return [fault("D-103", f"{path} is damaged: {error}", SALVAGED)]
        do = "Check that the disk is mounted, writable and has space."
        return [fault("D-101", f"{path} cannot be read: {error}", do)]
    found += _held(site, path)
    return found or [well(f"{measured(size)}, {facts}")]


def _held(site: Site, path: Path) -> list[Finding]:
    """By whom, and how far the log has grown. The running agent tells its own D-122."""
    found = []
    holders = [] if site.alive else locks.write_lock_holders(path)
    if holders:
        found.append(fault("D-122", f"another process holds the database locked: {', '.join(holders)}", END_IT))
    log = path.with_name(path.name + "-wal")
    grown = log.stat().st_size if log.exists() else 0
    if grown > TOO_LONG_BYTES:
        readers = ", ".join(locks.open_elsewhere(path)) or "none seen"
        do = "Close the programs named: an old view of theirs keeps the log from starting over."
        found.append(
            warn("D-124", f"the database's log has grown to {grown / MB:.0f} MB; it is open in: {readers}", do)
        )
    return found


def _inside(path: Path, patience_s: float) -> tuple[list[Finding], str]:
    """Raises sqlite3.Error."""
    try:
        return _checked(path, patience_s, immutable=False)
    except sqlite3.OperationalError as error:
        if means_damage(error):
            raise
    return _checked(path, patience_s, immutable=True)


def _checked(path: Path, patience_s: float, *, immutable: bool) -> tuple[list[Finding], str]:
    with closing(db.connect_reader(path, immutable=immutable)) as connection:
        version = db.version_of(connection)
        if version > db.newest_version():
            fact = f"the database has schema {version}, made by a newer agent; this one knows {db.newest_version()}"
            return [fault("D-105", fact, "Install the newer agent again; nothing was changed.")], ""
        epochs = connection.execute("select count(*) from epoch").fetchone()[0] if version else 0
        facts = f"{epochs} epochs, schema {version}"
        deadline_s = time.monotonic() + patience_s
        connection.set_progress_handler(lambda: time.monotonic() > deadline_s, STEPS)
        try:
            words = [row[0] for row in connection.execute("pragma quick_check(3)")]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return [
                note("H-117", f"{facts}; it is too large to be checked to its end in {patience_s:.0f} s", NOT_ALL)
            ], facts
    if words == ["ok"]:
        return [], f"{facts}, whole"
    return [fault("D-103", f"{path} is damaged: {'; '.join(words)[:200]}", SALVAGED)], facts
