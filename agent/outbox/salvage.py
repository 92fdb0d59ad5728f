"""A damaged database is set aside and what can be read is taken over; nothing is ever deleted.

Salvaged events keep their epoch and sequence and are still sent; everything new is numbered in a new epoch. Which rows
were settled is not believed: what the centre has already, it answers with `repeat`. Gaps between salvaged rows are
recorded as losses.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from pathlib import Path
from uuid import uuid4

import msgspec

from agent import db
from agent.clock import Clock
from agent.events import Loss, Salvaged
from agent.model import Lane
from agent.outbox.pages import Run, runs
from agent.outbox.reader import Damaged
from agent.wall_time import rfc3339

log = logging.getLogger("agent.outbox")

CHECKED_WHOLE_BYTES = 32_000_000  # a larger file is checked run by run as it is read: the start must not take minutes
PARTS = ("", "-wal", "-shm")


class Rescue(msgspec.Struct, frozen=True):
    """What a salvage found."""

    set_aside: str
    kept: int
    why: str
    losses: tuple[Loss, ...]

    def event(self, epoch: str) -> Salvaged:
        return Salvaged(epoch=epoch, kept=self.kept, unreadable=self.why, set_aside=self.set_aside)


def mark_damaged(path: Path) -> None:
    """Leave word for the next start."""
    _mark(path).touch()


def mend(path: Path, clock: Clock) -> Rescue | None:
    """Salvage the database if it is damaged; None if it is not. Raises sqlite3.Error, OSError."""
    why = damage(path)
    if why is None:
        return None
    log.error("%s is damaged: %s; it is set aside and salvaged", path, why)
    aside = _set_aside(path, clock)
    kept, losses = _take_over(aside, path, clock)
    _mark(path).unlink(missing_ok=True)
    return Rescue(aside.name, kept, why, tuple(losses))


def damage(path: Path) -> str | None:
    """What is wrong with the file, or None."""
    if not path.exists():
        return None
    if _mark(path).exists():
        return "damage was met while it was in use"
    try:
        return _look(path)
    except sqlite3.OperationalError:
        raise  # locked, no rights, no space: not damage
    except (sqlite3.DatabaseError, Damaged) as error:
        return str(error)


def _look(path: Path) -> str | None:
    connection = sqlite3.connect(path.absolute().as_uri(), uri=True, timeout=2)
    try:
        (version,) = connection.execute("pragma user_version").fetchone()
        tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        if version == 0 and not tables:
            return None if path.stat().st_size == 0 else "it has no schema"
        if not {"epoch", "lane", "message", "fact"} <= tables:
            return "tables are missing"
        if connection.execute("select count(*) from epoch").fetchone() == (0,):
            return "it has no epoch"
        if path.stat().st_size > CHECKED_WHOLE_BYTES:
            return None
        (verdict,) = connection.execute("pragma quick_check(1)").fetchone()
        if verdict != "ok":
            return str(verdict)
        for first, crc, body in connection.execute("select first, crc, body from message"):
            if zlib.crc32(body) != crc:
                raise Damaged(f"the run from {first} on does not have its checksum")
        return None
    finally:
        connection.close()


def _set_aside(path: Path, clock: Clock) -> Path:
    stamp = rfc3339(clock.utc_ns())[:19].replace(":", "").replace("-", "")
    aside = path.with_name(f"{path.stem}-damaged-{stamp}-{uuid4().hex[:4]}{path.suffix}")
    for part in PARTS:
        source = path.with_name(path.name + part)
        if source.exists():
            source.rename(aside.with_name(aside.name + part))
    return aside


def _take_over(aside: Path, path: Path, clock: Clock) -> tuple[int, list[Loss]]:
    """A new database with a new epoch and all runs that could be read."""
    found = {(run.epoch, run.lane, run.first): run for run in runs(aside)}
    whole = _disjoint(sorted(found.values(), key=lambda run: (run.epoch, run.lane, run.first)))
    connection = db.connect(path)
    try:
        connection.execute("begin immediate")
        losses = _insert(connection, whole, clock)
        opened = (str(uuid4()), clock.utc_ns(), "damaged")
        connection.execute("insert into epoch (uuid, opened_ns, reason) values (?, ?, ?)", opened)
        connection.execute("commit")
    finally:
        connection.close()
    return sum(run.last - run.first + 1 for run in whole), losses


def _disjoint(found: list[Run]) -> list[Run]:
    """Drop runs that overlap the one before: leftovers of pages that were used again."""
    whole: list[Run] = []
    for run in found:
        before = whole[-1] if whole else None
        if before and (before.epoch, before.lane) == (run.epoch, run.lane) and run.first <= before.last:
            continue
        whole.append(run)
    return whole


def _insert(connection: sqlite3.Connection, whole: list[Run], clock: Clock) -> list[Loss]:
    """Write the runs under their old epochs; the gaps between them are losses."""
    ids: dict[str, int] = {}
    ends: dict[tuple[str, Lane], int] = {}
    losses: list[Loss] = []
    for run in whole:
        if run.epoch not in ids:
            sql = "insert into epoch (uuid, opened_ns, reason) values (?, ?, 'salvaged')"
            ids[run.epoch] = int(connection.execute(sql, (run.epoch, run.accepted_ns)).lastrowid or 0)
        key = (run.epoch, run.lane)
        if key not in ends:  # what came before was delivered and removed, or is gone with the pages that held it
            sql = "insert into lane (epoch, lane, settled) values (?, ?, ?)"
            connection.execute(sql, (ids[run.epoch], int(run.lane), run.first - 1))
        elif run.first > ends[key] + 1:
            losses.append(_gap(run, ends[key] + 1))
        ends[key] = run.last
        connection.execute(
            "insert into message (epoch, lane, first, last, accepted_ns, crc, body) values (?, ?, ?, ?, ?, ?, ?)",
            (ids[run.epoch], int(run.lane), run.first, run.last, clock.utc_ns(), zlib.crc32(run.body), run.body),
        )
    return losses


def _gap(run: Run, first: int) -> Loss:
    last = run.first - 1
    count = last - first + 1
    return Loss(epoch=run.epoch, lane=run.lane.word, first=first, last=last, count=count, reason="damaged")


def _mark(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")
