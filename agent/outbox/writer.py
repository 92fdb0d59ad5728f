"""The one thread that writes: takes what waits, commits it as a group, tells everybody at once.

Everybody who waits for durability shares one fdatasync. When the database cannot commit, nothing is answered and
nothing is lost: a foreign lock is waited out and named, a full disk is relieved and waited out, damage ends the
process (salvage happens at the next start).

Order of a group   begin immediate · members · settled prefixes · rows · commit · answers
Raises             never into the loop: a member's own exception goes to its future; damage to every future and to
                   `failed`
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from agent.clock import Clock
from agent.outbox.group import Numbering, Row, Transaction

log = logging.getLogger("agent.outbox")

GROUP_MEMBERS = 512
RETRY_S = 0.01  # between tries for a foreign lock: a tap may wait two seconds in all
FULL_RETRY_S = 0.25
STOP_S = 2.0  # who stops waits no longer for a lock or space: what is not committed was never promised
IDLE_S = 1.0  # settled prefixes are written at the latest after this
COMMITS_REMEMBERED = 1024
INSERT = "insert into message (epoch, lane, first, last, accepted_ns, crc, body) values (?, ?, ?, ?, ?, ?, ?)"

INSERT_TREE = "insert into tree (epoch, level, idx, hash) values (?, ?, ?, ?)"

FULL_CODES = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_FSYNC}
BUSY_CODES = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
OWN_CODES = {  # a member's own mistake; every other code speaks of the disk, a lock or damage
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_MISUSE,
    sqlite3.SQLITE_RANGE,
    sqlite3.SQLITE_TOOBIG,
}
PRIMARY = 0xFF  # extended result codes keep the primary one in the low byte


Work = Callable[[Transaction], Any]


class Member(msgspec.Struct):
    """Somebody's work in a group, and where the answer goes. The work may run again if a commit fails."""

    work: Work
    future: asyncio.Future[Any] | None = None  # None: the writer's own upkeep
    size: int = 0  # how many events it stands for, to bound what waits
    answer: Any = None
    error: Exception | None = None


class Stuck(msgspec.Struct, frozen=True):
    """Why nothing can be committed, since when (monotonic seconds)."""

    reason: str  # "locked" or "full"
    since_s: float


class Keeper(Protocol):
    """What the writer asks of its owner; all but `failed` in the writer's thread."""

    def begun(self) -> None: ...
    def before_commit(self, transaction: Transaction) -> None: ...
    def committed(self, rows: list[Row], numberings: list[Numbering]) -> None: ...
    def busy(self, db: sqlite3.Connection) -> None: ...
    def idle(self, db: sqlite3.Connection, alone: Callable[[Work], Any]) -> bool: ...
    def relieve(self, db: sqlite3.Connection, alone: Callable[[Work], Any]) -> None: ...


class Writer:
    """Owns the connection from start() to stop()."""

    def __init__(
        self,
        db: sqlite3.Connection,
        numbering: Numbering,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        keeper: Keeper,
        delivered: Callable[[int], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._db = db
        self.numbering = numbering
        self._clock = clock
        self._loop = loop
        self._keeper = keeper
        self._delivered = delivered
        self._failed = failed
        self._waiting: queue.SimpleQueue[Member | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="outbox-writer", daemon=True)
        self._never = threading.Event()  # a sleep that every platform's clock agrees on
        self._stopping = False
        self.stuck: Stuck | None = None
        self.turned_s = time.monotonic()  # when the thread was last seen turning
        self.commit_s: deque[float] = deque(maxlen=COMMITS_REMEMBERED)

    def start(self) -> None:
        self._thread.start()

    def submit(self, member: Member) -> None:
        self._waiting.put(member)

    def stop(self) -> None:
        """Commit what waits, then end; give up what cannot be committed for STOP_S. Blocks."""
        self._stopping = True
        self._waiting.put(None)
        self._thread.join()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        more = False
        try:
            while True:
                self.turned_s = time.monotonic()
                group, stopping = self._gather(0.0 if more else IDLE_S)
                if group:
                    self._commit(group)
                if stopping:
                    self._commit([])
                    return
                more = self._upkeep(idle=not group)
        except BaseException as error:  # noqa: BLE001 - the thread's end must be known to the loop, whatever it was
            self._give_up(error)

    def _gather(self, patience_s: float) -> tuple[list[Member], bool]:
        """What waits now, at most a group; waits for the first a moment."""
        group: list[Member] = []
        try:
            first = self._waiting.get(timeout=patience_s) if patience_s else self._waiting.get_nowait()
            while True:
                if first is None:
                    return group, True
                group.append(first)
                if len(group) >= GROUP_MEMBERS:
                    break
                first = self._waiting.get_nowait()
        except queue.Empty:
            pass
        return group, False

    def _upkeep(self, *, idle: bool) -> bool:
        try:
            if idle:
                return self._keeper.idle(self._db, self._alone)
            self._keeper.busy(self._db)
            return True
        except sqlite3.OperationalError as error:
            if self._kind(error) == "fatal":
                raise
            self._rollback()
            return False  # locked or full: upkeep can wait

    def _commit(self, group: list[Member]) -> None:
        """Try until it is durable; only damage gets out of here."""
        while True:
            self.turned_s = time.monotonic()
            try:
                self._try(group)
            except sqlite3.Error as error:
                self._rollback()
                kind = self._kind(error)
                if kind == "fatal" or self._gives_up():
                    self._answer(group, error)
                    raise
                self._wait_out(kind, error)
                continue
            self.stuck = None
            self._answer(group)
            return

    def _alone(self, work: Work) -> Any:
        """Upkeep in a commit of its own. Raises sqlite3.Error."""
        member = Member(work)
        self._try([member])
        if member.error is not None:
            raise member.error
        return member.answer

    def _try(self, group: list[Member]) -> None:
        started_s = time.monotonic()
        self._keeper.begun()
        self._db.execute("begin immediate")
        recorded_ns = self._clock.utc_ns()
        transaction = Transaction(self._db, self.numbering, recorded_ns)
        for member in group:
            self._work(member, transaction)
        self._keeper.before_commit(transaction)
        rows = list(transaction.rows())
        self._db.executemany(
            INSERT, [(r.epoch_id, int(r.lane), r.first, r.last, recorded_ns, r.crc, r.body) for r in rows]
        )
        log, tree = transaction.tree()
        self._db.executemany(INSERT_TREE, tree)
        self._db.execute("commit")
        if rows:
            self.commit_s.append(time.monotonic() - started_s)
        numbering = transaction.numbering  # a member may have opened a new epoch
        numbering.log = log
        for row in rows:
            if row.epoch_id == numbering.epoch_id:
                numbering.last[row.lane] = row.last
        self._keeper.committed(rows, transaction.numberings)
        self.numbering = numbering

    def _work(self, member: Member, transaction: Transaction) -> None:
        mark = transaction.mark()
        member.error = None
        try:
            member.answer = member.work(transaction)
            transaction.keep()
        except Exception as error:  # the member's own: it is taken back and told to who gave it; the others go on
            if not _own(error):
                raise  # the disk, a lock, damage: not the member
            transaction.take_back(mark)
            member.error = error

    def _wait_out(self, kind: str, error: sqlite3.Error) -> None:
        if self.stuck is None or self.stuck.reason != kind:
            self.stuck = Stuck(kind, time.monotonic())
            log.warning("nothing can be committed: %s", error)
        if kind == "full":
            try:
                self._keeper.relieve(self._db, self._alone)
            except sqlite3.OperationalError as again:
                self._rollback()
                log.debug("no room could be made yet: %s", again)
        self._never.wait(RETRY_S if kind == "locked" else FULL_RETRY_S)

    def _gives_up(self) -> bool:
        return self._stopping and self.stuck is not None and time.monotonic() - self.stuck.since_s > STOP_S

    def _kind(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & PRIMARY in BUSY_CODES:
            return "locked"
        return "full" if code in FULL_CODES or code & PRIMARY == sqlite3.SQLITE_FULL else "fatal"

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("rollback")

    def _answer(self, group: list[Member], fatal: BaseException | None = None) -> None:
        """One call into the loop for the whole group."""
        if not group:
            return
        try:
            self._loop.call_soon_threadsafe(self._deliver, group, fatal)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.debug("a group was committed after the loop had ended")

    def _give_up(self, error: BaseException) -> None:
        log.critical("the outbox's writer ended: %s", error)
        left: list[Member] = []
        while not self._waiting.empty():
            member = self._waiting.get_nowait()
            if member is not None:
                left.append(member)
        self._answer(left, error)
        self._failed(error)

    def _deliver(self, group: list[Member], fatal: BaseException | None) -> None:
        """On the loop: wake everybody who waited for this commit."""
        for member in group:
            if member.future is None or member.future.done():
                continue  # its waiter was cancelled; what it asked for is committed all the same
            error = fatal or member.error
            if error is not None:
                member.future.set_exception(error)
            else:
                member.future.set_result(member.answer)
        self._delivered(sum(member.size for member in group))


def _own(error: Exception) -> bool:
    """Whether a member failed by itself; the other errors of SQLite are those of the whole group."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & PRIMARY in OWN_CODES
