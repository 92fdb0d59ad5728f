"""What the box's database is and holds, in figures: lanes, what is owed, sizes, schema, whether it is whole; and the
history of devices. Not one event, not one row about a person.

Locked  read as it was at the last checkpoint (immutable): what is newer is missing, and that is said.
Safe    read-only; one statement at a time, none longer than its seconds: the writer never waits for us.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from agent import db
from agent.bundle.gathering import Gap, Json, Said
from agent.bundle.site import Missing, Site
from agent.history import rows
from agent.model import Lane
from agent.wall_time import rfc3339

CHECK_S = 10.0
COUNT_S = 2.0
STEPS = 10_000  # of SQLite's machine, between two looks at the clock
HISTORY_NS = rows.KEPT_NS
LANES = """
select e.uuid, e.reason, e.opened_ns, l.lane, l.settled,
       max(coalesce((select max(last) from message m where m.epoch = l.epoch and m.lane = l.lane), 0), l.settled),
       coalesce((select sum(length(body)) from message m where m.epoch = l.epoch and m.lane = l.lane), 0),
       coalesce((select min(accepted_ns) from message m
                 where m.epoch = l.epoch and m.lane = l.lane and m.last > l.settled), 0)
from lane l join epoch e on e.id = l.epoch order by e.id, l.lane
"""
EVIDENCE = "select kind, state, count(*), sum(bytes) from evidence group by kind, state order by kind, state"
EVIDENCE_STATE = ("being made", "owed", "over")
TABLES = "select name from sqlite_master where type = 'table' order by name"
STALE = "another program holds the database locked: what was written last is missing"
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL}


class Opened(msgspec.Struct, frozen=True):
    """A connection that reads, and whether it sees what was written last."""

    connection: sqlite3.Connection
    whole: bool

    def rows(self, sql: str, seconds: float = COUNT_S) -> list[tuple[Any, ...]]:
        """Raises sqlite3.Error, also when the time is up."""
        due_s = time.monotonic() + seconds
        self.connection.set_progress_handler(lambda: time.monotonic() > due_s, STEPS)
        return self.connection.execute(sql).fetchall()


def opened(path: Path) -> Opened:
    """Raises Missing if there is none, or it cannot be read."""
    try:
        path.open("rb").close()  # SQLite says only that it cannot
    except OSError as error:
        raise Missing(f"{path}: {error.strerror}") from error
    try:
        found = Opened(db.connect_reader(path), whole=True)
        found.rows("select count(*) from epoch")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in LOCKED:
            raise Missing(f"the database cannot be read: {error}") from error
        return Opened(db.connect_reader(path, immutable=True), whole=False)
    return found


def owed(site: Site) -> Iterator[Said]:
    """The lanes, and the sealed files."""
    found = opened(site.places.database)
    with closing(found.connection):
        if not found.whole:
            yield Gap(STALE)
        yield Json("lanes.json", [_lane(row) for row in found.rows(LANES)])
        files = [
            {"kind": kind, "state": EVIDENCE_STATE[state], "files": count, "bytes": size}
            for kind, state, count, size in found.rows(EVIDENCE)
        ]
        yield Json("evidence.json", files)


def _lane(row: tuple[Any, ...]) -> dict[str, Any]:
    epoch, reason, opened_ns, lane, settled, last, size, oldest_ns = row
    return {
        "epoch": epoch, "reason": reason, "opened": rfc3339(opened_ns), "lane": Lane(lane).word, "settled": settled,
        "last": last, "owed": last - settled, "bytes": size, "oldest_owed": rfc3339(oldest_ns),
    }  # fmt: skip


def facts(site: Site) -> Iterator[Said]:
    """Sizes and schema first: a disk that is slow, or a table that is damaged, keeps them from nobody."""
    path = site.places.database
    found = opened(path)
    with closing(found.connection):
        if not found.whole:
            yield Gap(STALE)
        yield Json("database.json", _figures(found, path))
        counted, told = _counts(found)
        yield Json("database-rows.json", counted)
        yield from (Gap(one) for one in told)
        yield from _checked(found)


def _figures(found: Opened, path: Path) -> dict[str, Any]:
    pragmas = ("user_version", "page_size", "page_count", "freelist_count", "journal_mode", "auto_vacuum")
    files = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    return {
        "files": {one.name: one.stat().st_size for one in files if one.exists()},
        "sqlite": sqlite3.sqlite_version,
        "newest_schema": db.newest_version(),
        **{name: found.rows(f"pragma {name}")[0][0] for name in pragmas},
    }


def _counts(found: Opened) -> tuple[dict[str, int], list[str]]:
    counted, told = {}, []
    for (name,) in found.rows(TABLES):
        try:
            counted[name] = found.rows(f'select count(*) from "{name}"')[0][0]  # noqa: S608 - a name of the schema
        except sqlite3.Error as error:
            told.append(f"the rows of {name} were not counted: {error}")
    return counted, told


def _checked(found: Opened) -> Iterator[Said]:
    if not found.whole:
        yield Gap("the database was not checked: it is locked")
        return
    try:
        yield Json("database-check.json", [text for (text,) in found.rows("pragma quick_check(20)", CHECK_S)])
    except sqlite3.Error as error:
        yield Gap(f"the database was not checked to its end within {CHECK_S:.0f} s: {error}")


def history(site: Site) -> Iterator[Said]:
    """What `mektep why` tells, of everything at once: a row a change."""
    found = opened(site.places.database)
    with closing(found.connection):
        if not found.whole:
            yield Gap(STALE)
        stretches = rows.every(found.connection.execute, site.now_ns - HISTORY_NS)
        yield Json("history.json", [_stretch(one) for one in stretches])


def _stretch(row: rows.Stretch) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(row)
    times = {name.removesuffix("_ns"): rfc3339(told.pop(name)) for name in ("at_ns", "first_ns", "last_ns")}
    return {name: value for name, value in {**told, **times}.items() if value not in ("", 0)}
