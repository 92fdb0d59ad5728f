"""A damaged database is set aside and what can be read is taken over; how long that stays: damaged_copies.py.

Salvaged events keep their epoch and sequence and are still sent; everything new is numbered in a new epoch. Which rows
were settled is not believed: what the centre has already, it answers with `repeat`. Gaps between salvaged rows are
recorded as losses.

Order   build outbox.db.salvaging · rename it to outbox.db.salvaged · set the damaged files aside · rename it again, to
        outbox.db. The power may go at any point: the next start builds again, or finishes the renaming. What was
        salvaged stands as a fact in the new database until it is recorded.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import zlib
from pathlib import Path
from uuid import uuid4

import msgspec

from agent import db
from agent.clock import Clock
from agent.events import Loss, Salvaged
from agent.model import Lane
from agent.outbox import damaged_copies, remembered, remembered_incidents
from agent.outbox.epochs import insert_epoch
from agent.outbox.pages import agrees, runs
from agent.outbox.remembered import readable
from agent.wall_time import rfc3339

log = logging.getLogger("agent.outbox")

CHECKED_WHOLE_BYTES = 32_000_000  # a larger file is checked run by run as it is read: the start must not take minutes
PIECE_RUNS = 256  # taken over in one commit
PARTS = ("-shm", "-wal", "")
RESCUE = "rescue"  # the fact that tells what was salvaged
RECORDED = re.compile(rb'"recordedtime":"([0-9TZ:.-]+)"')
HEAD_BYTES = 100
VERSIONS = {1, 2}  # of the file format: rollback journal, log
ELSEWHERE = {  # what SQLite says of rights, locks and space: no damage
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
UNREADABLE = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
WHOLE = """
select e.uuid, m.lane, m.first, m.last, m.crc, m.body from message m left join epoch e on e.id = m.epoch
"""
BEYOND = """
select l.lane from lane l
where l.settled > (select max(m.last) from message m where m.epoch = l.epoch and m.lane = l.lane)
"""
STORED = """
select e.id, e.uuid, m.lane, m.first, m.last from message m join epoch e on e.id = m.epoch
order by m.epoch, m.lane, m.first
"""
FACTS = "select key, value from fact where key <> 'rescue'"
PICTURES = (
    "select number, id, camera, kind, severity, bytes, sha256, state, since_ns, incident from evidence",
    "select number, id, camera, kind, severity, bytes, sha256, state, 0, '' from evidence",  # of a former schema
)
TAKE_PICTURE = """
insert or ignore into evidence (number, id, camera, kind, severity, bytes, sha256, state, since_ns, incident)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
Picture = tuple[int, str, str, str, int, int, str, int, int, str]
INSERT = """
insert or ignore into message (epoch, lane, first, last, accepted_ns, crc, body) values (?, ?, ?, ?, ?, ?, ?)
"""


class Rescue(msgspec.Struct, frozen=True):
    """What a salvage found."""

    set_aside: str
    kept: int
    why: str
    losses: list[Loss]

    def event(self, epoch: str) -> Salvaged:
        return Salvaged(epoch=epoch, kept=self.kept, unreadable=self.why, set_aside=self.set_aside)


def mark_damaged(path: Path) -> None:
    """Leave word for the next start."""
    _mark(path).touch()


def means_damage(error: BaseException) -> bool:
    """Whether an error met in SQLite speaks of the file's content, and not of rights, locks or space."""
    if isinstance(error, UnicodeDecodeError):
        return True  # SQLite quotes the damaged schema in its error
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code in UNREADABLE or code & 0xFF not in ELSEWHERE


def mend(path: Path, clock: Clock) -> None:
    """Salvage the database if it is damaged. Raises sqlite3.Error, OSError; AgentError D-105."""
    _finish(path)
    why = damage(path)
    if why is None:
        return
    log.error("%s is damaged: %s; it is set aside and salvaged", path, why)
    _build(path, why, clock)
    _finish(path)


def found(connection: sqlite3.Connection) -> Rescue | None:
    """What a salvage found, if that is not recorded yet."""
    row = connection.execute("select value from fact where key = ?", (RESCUE,)).fetchone()
    return msgspec.json.decode(row[0], type=Rescue) if row else None


# --- is it damaged? ---------------------------------------------------------------------------------------------


def damage(path: Path) -> str | None:
    """What is wrong with the file, or None."""
    size = path.stat().st_size if path.exists() else 0
    if _mark(path).exists():
        return "damage was met while it was in use"
    if size == 0:
        # SQLite would delete a log whose database is empty
        return "its log is there without it" if _size(path.with_name(path.name + "-wal")) else None
    try:
        return _header(path) or _look(path)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if not means_damage(error):
            raise  # locked, no rights, no space
        return str(error)


def _header(path: Path) -> str | None:
    """What SQLite reads past and fails of when it writes: a newer format, a list of free pages without a beginning."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES or not set(head[18:20]) <= VERSIONS:
        return "its header is damaged"
    in_log = _size(path.with_name(path.name + "-wal")) > 0  # then a newer header may lie there
    free = [any(head[32:36]), any(head[36:40])]
    return "its list of free pages is damaged" if any(free) != all(free) and not in_log else None


def _look(path: Path) -> str | None:
    """Read-only: the last one to close a database would move its log into it, and the log may be what is left."""
    mode = "rw" if path.with_name(path.name + "-journal").exists() else "ro"  # its creation is undone first
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=2, isolation_level=None)
    try:
        fault = _schema(connection)
        if fault or path.stat().st_size > CHECKED_WHOLE_BYTES:
            return fault
        (verdict,) = connection.execute("pragma quick_check(1)").fetchone()
        if verdict != "ok":
            return str(verdict)
        return _runs(connection)
    finally:
        connection.close()


def _runs(connection: sqlite3.Connection) -> str | None:
    """What is wrong with the runs, or None: each against its checksum and what its events say of themselves."""
    for epoch, lane, first, last, crc, body in connection.execute(WHOLE):
        if zlib.crc32(body) != crc:
            return f"the run from {first} on does not have its checksum"
        if epoch is None or not agrees(body, epoch, Lane(lane), first, last):
            return f"the run from {first} on is not what its events say"
    beyond = connection.execute(BEYOND).fetchone()
    return f"lane {beyond[0]} is settled beyond its end" if beyond else None


def _schema(connection: sqlite3.Connection) -> str | None:
    """What is wrong with the schema, or None. Raises AgentError D-105 if a newer agent made it."""
    version = db.version_of(connection)
    if db.shape(connection) == db.newest_shape():
        if version != db.newest_version():
            return "its version number is damaged"
    else:
        db.refuse_newer(connection)
    tables = {name for kind, name, _ in db.shape(connection) if kind == "table"}
    if not {"epoch", "lane", "message", "fact"} <= tables:
        return "tables are missing"
    return "it has no epoch" if connection.execute("select count(*) from epoch").fetchone() == (0,) else None


# --- build, then rename -----------------------------------------------------------------------------------------


def _build(path: Path, why: str, clock: Clock) -> None:
    """A new database beside the damaged one, with a new epoch and all runs that could be read."""
    making = path.with_name(path.name + ".salvaging")
    for part in PARTS:
        making.with_name(making.name + part).unlink(missing_ok=True)  # what the power cut short the last time
    connection = db.connect(making)
    try:
        _take_over(connection, path, clock)
        connection.execute("begin immediate")
        losses = _tidy(connection)
        insert_epoch(connection.execute, str(uuid4()), clock.utc_ns(), "damaged")
        (kept,) = connection.execute("select coalesce(sum(last - first + 1), 0) from message").fetchone()
        rescue = Rescue(_aside_name(path, clock), kept, why, losses)
        facts = [*readable(path, FACTS, tuple[str, bytes]), (RESCUE, msgspec.json.encode(rescue))]
        connection.executemany("insert or ignore into fact (key, value) values (?, ?)", facts)
        for pictures in PICTURES:
            connection.executemany(TAKE_PICTURE, readable(path, pictures, Picture))
        remembered.take_over(connection, path)
        remembered_incidents.take_over(connection, path)
        connection.execute("commit")
        connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    finally:
        connection.close()
    making.rename(_made(path))
    _sync(path.parent)


def _finish(path: Path) -> None:
    """If a new database is ready: set the damaged one aside and put the new one in its place."""
    made = _made(path)
    if not made.exists():
        return
    connection = db.connect_reader(made)
    try:
        rescue = found(connection)
    finally:
        connection.close()
    aside = path.with_name(rescue.set_aside if rescue else f"{path.name}.set-aside")
    for part in PARTS:
        if part:
            made.with_name(made.name + part).unlink(missing_ok=True)  # of the look above
        source = path.with_name(path.name + part)
        if source.exists():
            source.rename(aside.with_name(aside.name + part))
    _mark(path).unlink(missing_ok=True)  # first: with a mark left over, the new one would be set aside too
    made.rename(path)
    _sync(path.parent)
    try:
        damaged_copies.keep_latest(path)
    except OSError as error:  # the next one, or their age, takes what is too many
        log.warning("copies of damaged databases could not be removed: %s", error)


def _aside_name(path: Path, clock: Clock) -> str:
    stamp = rfc3339(clock.utc_ns())[:19].replace(":", "").replace("-", "")
    return damaged_copies.name_of(path, f"{stamp}-{uuid4().hex[:4]}")


def _sync(folder: Path) -> None:
    """Make renames durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _mark(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")


def _made(path: Path) -> Path:
    return path.with_name(path.name + ".salvaged")


# --- taking over ------------------------------------------------------------------------------------------------


def _take_over(connection: sqlite3.Connection, damaged: Path, clock: Clock) -> None:
    """Write every run under its old epoch, in pieces: memory and log stay small."""
    now_ns = clock.utc_ns()
    ids = {epoch: insert_epoch(connection.execute, epoch, now_ns, "salvaged") for epoch in _epochs(damaged)}
    piece = 0
    for run in runs(damaged):
        if piece == 0:
            connection.execute("begin immediate")
        row = (ids[run.epoch], int(run.lane), run.first, run.last, now_ns, zlib.crc32(run.body), run.body)
        connection.execute(INSERT, row)
        piece += 1
        if piece == PIECE_RUNS:
            connection.execute("commit")
            connection.execute("pragma wal_checkpoint(truncate)").fetchone()
            piece = 0
    if piece:
        connection.execute("commit")


def _epochs(damaged: Path) -> list[str]:
    """The epochs of all runs, in the order in which they began."""
    began: dict[str, bytes] = {}
    for run in runs(damaged):
        recorded = RECORDED.search(run.body)
        time = recorded[1] if recorded else b""
        began[run.epoch] = min(began.get(run.epoch, time), time)
    return sorted(began, key=lambda epoch: (began[epoch], epoch))


def _tidy(connection: sqlite3.Connection) -> list[Loss]:
    """Drop runs that overlap the one before (leftovers of pages that were used again); tell the gaps."""
    losses: list[Loss] = []
    leftovers: list[tuple[int, int, int]] = []
    begins: list[tuple[int, int, int]] = []
    ends: dict[tuple[int, int], int] = {}
    for epoch_id, epoch, lane, first, last in connection.execute(STORED):
        end = ends.get((epoch_id, lane))
        if end is not None and first <= end:
            leftovers.append((epoch_id, lane, first))
            continue
        if end is None:  # what came before was delivered and removed, or is gone with the pages that held it
            begins.append((first - 1, epoch_id, lane))
        elif first > end + 1:
            losses.append(_gap(epoch, Lane(lane), end + 1, first - 1))
        ends[epoch_id, lane] = last
    connection.executemany("delete from message where epoch = ? and lane = ? and first = ?", leftovers)
    connection.executemany("update lane set settled = ? where epoch = ? and lane = ?", begins)
    return losses


def _gap(epoch: str, lane: Lane, first: int, last: int) -> Loss:
    return Loss(epoch=epoch, lane=lane.word, first=first, last=last, count=last - first + 1, reason="damaged")
