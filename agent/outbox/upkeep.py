"""What the writer does besides writing: settled prefixes, dropping, removing delivered rows, giving space back,
surviving a full disk.

Everything here runs in the writer's thread, in small pieces, so that a tap never waits long. What is short of space
gives way in this order: copies of damaged databases, then delivered rows, then telemetry (each drop is a Loss record);
records and alarms never.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from agent.clock import Clock
from agent.db import Forgetting
from agent.events import Loss, draft
from agent.model import Lane
from agent.outbox import damaged_copies, lanes
from agent.outbox.checkpointer import TOO_LONG_BYTES, Checkpointer
from agent.outbox.group import Numbering, Row, Transaction
from agent.outbox.settings import MB, OutboxSettings
from agent.outbox.settled import Settled

PIECE_RUNS = 32  # rows removed at once: a tap waits for that
SHED_SHARE = 16  # part of a quota: where owed events must be dropped, so much more is, under one Loss record
UPKEEP_S = 1.0  # settled prefixes are on the disk at the latest after this
DISK_LOOK_S = 1.0
SPARE_PAGES = 256  # free pages that stay for what comes next
PIECE_PAGES = 256  # given back at once
BALLAST = "ballast"
START_BYTES = 8 * MB  # less than that, and a database may not even open
COPIES_S = 3_600.0
DAY_NS = 86_400_000_000_000
OLDEST = """
select first, last, length(body), accepted_ns from message where epoch = ? and lane = ? order by first limit ?
"""
REMOVE = "delete from message where epoch = ? and lane = ? and first <= ?"
SETTLE = "insert into lane (epoch, lane, settled) values (?, ?, ?) on conflict do update set settled = excluded.settled"


def copy_gives_way(database: Path) -> bool:
    """If the disk has no space left, give up the oldest copy of a damaged database. True if there was one."""
    return _is_full(database) and _give_copy(database)


def release_ballast(database: Path) -> bool:
    """If the disk has no space left, give up the ballast. True if there was one."""
    ballast = database.with_name(BALLAST)
    if not ballast.exists() or not _is_full(database):
        return False
    ballast.unlink()
    return True


def _is_full(database: Path) -> bool:
    ballast = database.with_name(BALLAST)
    return _free_bytes(database) <= (ballast.stat().st_size if ballast.exists() else START_BYTES)


def _give_copy(database: Path) -> bool:
    try:
        return damaged_copies.give_way(database)
    except OSError:
        return False  # a disk that is read-only tells by other codes


def _free_bytes(database: Path) -> int:
    disk = os.statvfs(database.parent)
    return disk.f_bavail * disk.f_frsize


class Lost(msgspec.Struct, frozen=True):
    """A range that was dropped and recorded: it counts as settled."""

    epoch_id: int
    lane: Lane
    first: int
    last: int


Work = Callable[[Transaction], Any]
Alone = Callable[[Work], Any]  # runs a piece of work in a commit of its own


class Stretch(msgspec.Struct):
    """One lane of one epoch: what the disk holds of it."""

    epoch_id: int
    epoch: str
    lane: Lane
    settled: Settled
    written: int  # settled prefix as it stands on the disk
    last: int  # highest sequence committed
    bytes: int = 0


class Upkeep:
    """Given to the writer as its Keeper; `stretches` is shared with the outbox, which adds to `settled` on the loop."""

    def __init__(
        self,
        path: Path,
        settings: OutboxSettings,
        clock: Clock,
        checkpointer: Checkpointer,
        stretches: dict[tuple[int, Lane], Stretch],
        on_commit: Callable[[set[Lane], list[Lost]], None],
    ) -> None:
        self._path = path
        self._settings = settings
        self._clock = clock
        self._checkpointer = checkpointer
        self.stretches = stretches
        self._on_commit = on_commit
        self._ballast = path.with_name(BALLAST)
        self._removed: list[tuple[Stretch, int]] = []  # stretch, bytes: counted when the commit has held
        self._writing: list[tuple[Stretch, int]] = []  # stretch, prefix
        self._lost: list[Lost] = []
        self._looked_s = 0.0
        self._upkept_s = 0.0
        self._copies_s = -COPIES_S
        self._forgetting = Forgetting()
        self._due: list[Callable[[sqlite3.Connection, Alone], bool]] = []
        self.free_bytes = self._look()
        self.starved = False  # the ballast had to be given up

    # --- before and after each commit ---------------------------------------------------------------------------

    def begun(self) -> None:
        """A try to commit begins: what an earlier try prepared did not happen."""
        self._removed, self._writing, self._lost = [], [], []

    def before_commit(self, transaction: Transaction) -> None:
        """Settled prefixes go with every group; where space is short, old rows make room before the new ones come."""
        for stretch in self.stretches.values():
            prefix = stretch.settled.prefix
            if prefix > stretch.written:
                transaction.db.execute(SETTLE, (stretch.epoch_id, int(stretch.lane), prefix))
                self._writing.append((stretch, prefix))
        low = self._disk_low()
        if low and self._has_delivered():
            self._remove_delivered(transaction)  # the new rows take their pages: the file need not grow
        for lane, rule in lanes.rules(self._settings, disk_low=low).items():
            removed = sum(size for stretch, size in self._removed if stretch.lane is lane)  # by this very group
            over = self.lane_bytes(lane) - removed - rule.quota_bytes
            if over > 0 and rule.sheds:
                self._shed(transaction, lane, over, rule.quota_bytes // SHED_SHARE, "disk_full" if low else "quota")

    def committed(self, rows: list[Row], numberings: list[Numbering]) -> None:
        """It is durable: count it, tell the loop, wake the checkpointer."""
        for numbering, lane in product(numberings, Lane):
            key = (numbering.epoch_id, lane)
            if key not in self.stretches:
                self.stretches[key] = Stretch(numbering.epoch_id, numbering.epoch, lane, Settled(), 0, 0)
        for row in rows:
            stretch = self.stretches[row.epoch_id, row.lane]
            stretch.last = row.last
            stretch.bytes += len(row.body)
        for stretch, prefix in self._writing:
            stretch.written = max(stretch.written, prefix)
        for stretch, size in self._removed:
            stretch.bytes -= size
        self._on_commit({row.lane for row in rows}, self._lost)
        self._checkpointer.committed()

    def busy(self, db: sqlite3.Connection) -> None:
        """The log must not grow for ever under load: past a limit the writer itself moves it."""
        if self._checkpointer.log_bytes() > TOO_LONG_BYTES:
            db.execute("pragma wal_checkpoint(passive)").fetchone()

    def idle(self, db: sqlite3.Connection, alone: Alone) -> bool:
        """One small piece of upkeep: a tap waits for one at most. True if there is more to do at once."""
        now_s = time.monotonic()
        if not self._due:
            if now_s - self._upkept_s < UPKEEP_S:
                return False
            self._upkept_s = now_s
            self._due = [self._write_prefixes, self._remove_piece, self._give_back, self._keep_ballast]
            self._due += [self._forget_pages, self._forget_copies]
        piece = self._due.pop(0)
        if piece(db, alone):
            self._due.insert(0, piece)
        return bool(self._due)

    def _write_prefixes(self, _db: sqlite3.Connection, alone: Alone) -> bool:
        if any(stretch.settled.prefix > stretch.written for stretch in self.stretches.values()):
            alone(lambda _: None)  # they go with every commit
        return False

    def _remove_piece(self, _db: sqlite3.Connection, alone: Alone) -> bool:
        return self._has_delivered() and bool(alone(self._remove_delivered))

    def lane_bytes(self, lane: Lane) -> int:
        return sum(stretch.bytes for stretch in list(self.stretches.values()) if stretch.lane is lane)

    def _has_delivered(self) -> bool:
        return any(stretch.bytes and stretch.settled.prefix for stretch in self.stretches.values())

    # --- removing ---------------------------------------------------------------------------------------------

    def _remove_delivered(self, transaction: Transaction) -> bool:
        """Remove settled runs that are old enough, or sooner where a lane is over its quota."""
        old_ns = self._clock.proven_ns() - self._settings.keep_days * DAY_NS
        rules = lanes.rules(self._settings, disk_low=self._disk_low())
        more = False
        for stretch in self.stretches.values():
            crowded = self._disk_low() or self.lane_bytes(stretch.lane) > rules[stretch.lane].quota_bytes
            more |= self._remove_settled(transaction, stretch, None if crowded else old_ns)
        return more

    def _remove_settled(self, transaction: Transaction, stretch: Stretch, older_ns: int | None) -> bool:
        """Remove a piece of settled runs. True if the piece was full."""
        prefix = stretch.settled.prefix  # on the disk at the latest with this very commit
        if stretch.bytes == 0 or prefix == 0:
            return False
        rows = transaction.db.execute(OLDEST, (stretch.epoch_id, int(stretch.lane), PIECE_RUNS)).fetchall()
        settled = [row for row in rows if row[1] <= prefix]
        old = [place for place, row in enumerate(settled) if older_ns is None or row[3] <= older_ns]
        if not old:
            return False
        gone = settled[: old[-1] + 1]  # what lies before an old run is old too, whatever the clock said then
        transaction.db.execute(REMOVE, (stretch.epoch_id, int(stretch.lane), gone[-1][0]))
        self._removed.append((stretch, sum(row[2] for row in gone)))
        return len(gone) == PIECE_RUNS

    def _shed(self, transaction: Transaction, lane: Lane, over_bytes: int, share_bytes: int, reason: str) -> None:
        """Drop the oldest events of a lane: delivered ones silently, owed ones with a Loss record and a share more."""
        runs = PIECE_RUNS + len(transaction.put_bytes[lane])  # a lane must not grow faster than it is shed
        enough_bytes = 0
        for stretch in sorted(self.stretches.values(), key=lambda stretch: stretch.epoch_id):
            if stretch.lane is not lane or over_bytes <= enough_bytes:
                continue
            rows = transaction.db.execute(OLDEST, (stretch.epoch_id, int(lane), runs)).fetchall()
            gone = []
            for row in rows:
                if over_bytes <= enough_bytes:
                    break
                gone.append(row)
                over_bytes -= row[2]
                if row[1] > stretch.settled.prefix:
                    enough_bytes = -share_bytes
            if gone:
                self._drop(transaction, stretch, gone, reason)

    def _drop(self, transaction: Transaction, stretch: Stretch, gone: list[tuple[int, ...]], reason: str) -> None:
        transaction.db.execute(REMOVE, (stretch.epoch_id, int(stretch.lane), gone[-1][0]))
        self._removed.append((stretch, sum(row[2] for row in gone)))
        last = gone[-1][1]
        lost = stretch.settled.missing(gone[0][0], last)
        for first, end in lost:
            loss = Loss(
                epoch=stretch.epoch, lane=stretch.lane.word, first=first, last=end, count=end - first + 1, reason=reason
            )
            transaction.put(draft(loss, self._clock.now()))
            self._lost.append(Lost(stretch.epoch_id, stretch.lane, first, end))
        if lost:
            transaction.db.execute(SETTLE, (stretch.epoch_id, int(stretch.lane), last))
            self._writing.append((stretch, last))

    # --- space ------------------------------------------------------------------------------------------------

    def relieve(self, db: sqlite3.Connection, alone: Alone) -> None:
        """Nothing could be written: make room, as told above. A dying card that has space keeps its copies."""
        self.free_bytes = self._look()
        if self._is_low(self.free_bytes) and _give_copy(self._path):
            return
        if self._ballast.exists():
            self._ballast.unlink()
            self.starved = True
        self._empty_log(db)  # first: a full log takes no removal either
        alone(self._remove_delivered)  # below the reserve age does not count, and telemetry is shed with every commit
        self._empty_log(db)

    def _empty_log(self, db: sqlite3.Connection) -> None:
        with contextlib.suppress(sqlite3.OperationalError):  # a reader, or no space in the database either
            db.execute("pragma wal_checkpoint(truncate)").fetchone()

    def _give_back(self, db: sqlite3.Connection, _alone: Alone) -> bool:
        """Give freed space to the disk, unless it is nearly full: free pages are what records and alarms still have."""
        (free,) = db.execute("pragma freelist_count").fetchone()
        (pages,) = db.execute("pragma page_count").fetchone()
        if free <= max(SPARE_PAGES, pages // 2) or self._disk_low():  # before that, more is moved than is freed
            return False
        db.executescript(f"pragma incremental_vacuum({PIECE_PAGES});")  # execute() would free one page only
        return True

    def _keep_ballast(self, _db: sqlite3.Connection, _alone: Alone) -> bool:
        """Set space aside while there is plenty; it is what a full disk still gives."""
        size = self._settings.ballast_mb * MB
        if size == 0 or self._ballast.exists() or self._look_at_times() < 4 * size:
            return False
        part = self._ballast.with_name(".ballast.new")
        try:
            with open(part, "wb") as out:
                os.posix_fallocate(out.fileno(), 0, size)
            part.rename(self._ballast)
            self.starved = False
        except OSError:
            part.unlink(missing_ok=True)
        return False

    def _forget_pages(self, db: sqlite3.Connection, _alone: Alone) -> bool:
        self._forgetting.look(db)
        return False

    def _forget_copies(self, _db: sqlite3.Connection, _alone: Alone) -> bool:
        if time.monotonic() - self._copies_s >= COPIES_S and self._clock.synced():
            self._copies_s = time.monotonic()
            with contextlib.suppress(OSError):  # likewise
                damaged_copies.forget_old(self._path, self._clock.utc_ns())
        return False

    def _disk_low(self) -> bool:
        return self._is_low(self._look_at_times())

    def _is_low(self, free_bytes: int) -> bool:
        return free_bytes < self._settings.reserve_mb * MB

    def _look_at_times(self) -> int:
        now_s = time.monotonic()
        if now_s - self._looked_s >= DISK_LOOK_S:
            self._looked_s = now_s
            self.free_bytes = self._look()
            if self._is_low(self.free_bytes) and _give_copy(self._path):
                self.free_bytes = self._look()
        return self.free_bytes

    def _look(self) -> int:
        return _free_bytes(self._path)
