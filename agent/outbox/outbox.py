"""Promises on disk: what is accepted here stays until the centre's signed receipt says stored.

Durable    accept() returns after fdatasync; everybody waiting shares one commit.
Threads    one writes, one reads, one checkpoints; this class lives on the event loop and joins them.
Damage     a damaged file is set aside and salvaged when the outbox is opened: agent/outbox/salvage.py.
One        agent a database; a second one is refused, naming the first: agent/outbox/locks.py.
Not        the wire: agent/sync/drain.py takes batches from here and settles them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from agent import db
from agent.clock import Clock
from agent.errors import AgentError
from agent.events import EpochOpened, draft
from agent.model import Batch, Draft, Lane, Place
from agent.outbox import locks, salvage
from agent.outbox.checkpointer import Checkpointer
from agent.outbox.epochs import Epochs
from agent.outbox.group import Transaction
from agent.outbox.lanes import LaneState
from agent.outbox.reader import Damaged, Reader
from agent.outbox.settings import OutboxSettings
from agent.outbox.troubles import Trouble, Troubles
from agent.outbox.upkeep import Lost, Stretch, Upkeep, copy_gives_way, release_ballast
from agent.outbox.writer import BUSY_CODES, PRIMARY, Member, Writer

log = logging.getLogger("agent.outbox")

T = TypeVar("T")
LAST_CHECKPOINT = "ledger/checkpoint"  # the fact that holds it
WAITING_DRAFTS = 20_000  # accepted but not yet durable; beyond it accept() itself waits
WRITER_SILENT_S = 20.0  # a writer that has not turned for so long does not answer
Listener = Callable[[set[Lane]], None]


@asynccontextmanager
async def open_outbox(path: Path, *, school: str, clock: Clock, settings: OutboxSettings) -> AsyncIterator[Outbox]:
    """Open the box's database, salvaging it if it is damaged.

    Raises AgentError: D-101 if it cannot be used at all, D-104 if another agent uses it, D-105 if a newer one made it.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.only_agent(path))
            outbox = await _start(path, school, clock, settings)
        except (sqlite3.Error, OSError) as error:
            raise _unusable(path, error) from error
        try:
            await outbox.begin()
            yield outbox
        finally:
            await asyncio.to_thread(outbox.close)


async def _start(path: Path, school: str, clock: Clock, settings: OutboxSettings) -> Outbox:
    """A mended outbox; on a full disk the space set aside must serve already here. Raises sqlite3.Error, OSError."""
    starved = False
    while True:
        try:
            await asyncio.to_thread(salvage.mend, path, clock)
            return Outbox(path, school, clock, settings, starved=starved)
        except (sqlite3.Error, OSError) as error:
            if copy_gives_way(path):
                continue
            if not release_ballast(path):
                raise
            starved = True
            log.warning("the space set aside is used to start: %s", error)


def _unusable(path: Path, error: Exception) -> AgentError:
    do = "Check that the disk is mounted, writable and has space."
    if getattr(error, "sqlite_errorcode", 0) & PRIMARY in BUSY_CODES:
        holders = ", ".join(locks.write_lock_holders(path) or locks.open_elsewhere(path)) or "unknown"
        do = f"End the process that holds it: {holders}."
    return AgentError("D-101", f"{path} cannot be opened: {error}", do=do)


class Outbox:
    """Use open_outbox()."""

    def __init__(
        self, path: Path, school: str, clock: Clock, settings: OutboxSettings, *, starved: bool = False
    ) -> None:
        self._clock = clock
        self._path = path
        connection = db.connect(path)
        self._epochs = Epochs(school, clock)
        numbering, self._stretches = self._epochs.load(connection)
        self._rescue = salvage.found(connection)
        self._checkpointer = Checkpointer(path)
        self._upkeep = Upkeep(path, settings, clock, self._checkpointer, self._stretches, self._committed)
        self._upkeep.starved = starved
        self._loop = asyncio.get_running_loop()
        self._db = connection
        self._writer = Writer(
            connection, numbering, clock, self._loop, self._upkeep, self._made_room, self._writer_failed
        )
        self._reader = Reader(path)
        self._troubles = Troubles(path, settings, self._upkeep, self._checkpointer, self._writer)
        self._listeners: list[Listener] = []
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()
        self._calm = asyncio.Event()
        self.fatal: asyncio.Future[None] = self._loop.create_future()

    # --- life ---------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start the threads; the first events of a new epoch say why it was opened, and what a salvage found."""
        self._checkpointer.start()
        self._writer.start()
        if self._rescue or self.last(self.epoch, Lane.RECORD) == 0:
            await self.transact(self._introduce)

    def _introduce(self, transaction: Transaction) -> None:
        at = self._clock.now()
        if transaction.numbering.last[Lane.RECORD] == 0:
            rows = transaction.execute("select uuid, reason from epoch order by id desc limit 2").fetchall()
            before = rows[1][0] if len(rows) > 1 else ""
            opened = EpochOpened(
                epoch=rows[0][0], before=before, reason=rows[0][1], checkpoint=_checkpoint(transaction)
            )
            transaction.put(draft(opened, at))
        if self._rescue:
            transaction.put(draft(self._rescue.event(self.epoch), at))
            for loss in self._rescue.losses:
                transaction.put(draft(loss, at))
            transaction.execute("delete from fact where key = ?", (salvage.RESCUE,))

    def close(self) -> None:
        """Commit what waits and end the threads. Blocks, but not for ever on a lock or a full disk."""
        self._writer.stop()
        self._checkpointer.stop()
        self._reader.close()
        self._db.close()
        if not self.fatal.done():
            self._loop.call_soon_threadsafe(self.fatal.cancel)

    async def watch(self) -> None:
        """Runs for ever; raises what ended the writer. The daemon ends with it, and systemd starts it clean."""
        await asyncio.shield(self.fatal)

    # --- accepting ----------------------------------------------------------------------------------------------

    async def accept(self, drafts: Sequence[Draft]) -> list[Place]:
        """Make events durable. Returns their places after fdatasync; a cancelled waiter undoes nothing.

        Raises ValueError for an event larger than the contract allows; none of the given events is then accepted.
        """
        return await self.transact(lambda transaction: [transaction.put(one) for one in drafts], size=len(drafts))

    async def transact(self, work: Callable[[Transaction], T], *, size: int = 1) -> T:
        """Run work in the next group commit, alone in failing. It may run more than once: it must only use the
        transaction.
        """
        while self._waiting >= WAITING_DRAFTS:
            self._room.clear()
            await self._room.wait()
        if self.fatal.done():
            raise AgentError("D-102", "the outbox's writer has ended", do="Nothing; systemd restarts the agent.")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting += size
        self._writer.submit(Member(work, future, size))
        answer: T = await future
        return answer

    async def calm(self, *, within_s: float) -> None:
        """Return when nobody waits for durability, or after so long: bulk work lets taps go first."""
        if self._waiting:
            self._calm.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._calm.wait()

    def add_listener(self, listener: Listener) -> None:
        """Call it on the loop after each commit that added events, with the lanes that grew."""
        self._listeners.append(listener)

    # --- what is owed ---------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> str:
        """UUID of the current epoch."""
        return self._writer.numbering.epoch

    def state(self, lane: Lane) -> LaneState:
        """The lane now."""
        return LaneState(self.last(self.epoch, lane), self.settled(self.epoch, lane), self._upkeep.lane_bytes(lane))

    def owes(self) -> list[str]:
        """Epochs with events that are not settled, oldest first."""
        owing = [stretch.epoch for stretch in self._epochs_and_lanes() if stretch.last > stretch.settled.prefix]
        return list(dict.fromkeys(owing))

    def settled(self, epoch: str, lane: Lane) -> int:
        """End of the settled prefix; 0 for an unknown epoch."""
        stretch = self._find(epoch, lane)
        return stretch.settled.prefix if stretch else 0

    def last(self, epoch: str, lane: Lane) -> int:
        """Highest sequence that is durable; 0 for an unknown epoch."""
        stretch = self._find(epoch, lane)
        return stretch.last if stretch else 0

    async def read(self, epoch: str, lane: Lane, after: int, *, max_bytes: int, max_events: int) -> Batch | None:
        """The next contiguous events above `after`. Raises AgentError D-103 if the card lost or changed them."""
        stretch = self._find(epoch, lane)
        if stretch is None or after >= stretch.last:
            return None
        try:
            return await self._reader.batch(
                stretch.epoch_id, epoch, lane, after, max_bytes=max_bytes, max_events=max_events
            )
        except (Damaged, msgspec.DecodeError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.OperationalError):
                return None  # locked or out of file handles for a moment: asked again
            raise self._damaged(error) from error

    def settle(self, epoch: str, lane: Lane, first: int, last: int) -> None:
        """The centre has stored first..last. Cheap; any order; the disk learns it within a second."""
        if stretch := self._find(epoch, lane):
            stretch.settled.add(first, min(last, stretch.last))

    async def kept(self, epoch: str, lane: Lane, first: int, last: int) -> int:
        """How many events of a range are still on the disk."""
        stretch = self._find(epoch, lane)
        return await self._reader.count(stretch.epoch_id, lane, first, last) if stretch else 0

    # --- epochs ---------------------------------------------------------------------------------------------------

    async def open_epoch(self, reason: str, prepare: Callable[[Transaction], None] = lambda _: None) -> str:
        """Number everything that follows in a new epoch; its first record says why. Returns its UUID.

        prepare  runs first, in the same commit
        """

        def work(transaction: Transaction) -> str:
            prepare(transaction)
            before, epoch = transaction.numbering.epoch, str(uuid4())
            transaction.begin_epoch(self._epochs.open(transaction.execute, epoch, reason))
            opened = EpochOpened(epoch=epoch, before=before, reason=reason, checkpoint=_checkpoint(transaction))
            transaction.put(draft(opened, self._clock.now()))
            return epoch

        return await self.transact(work)

    # --- small facts ----------------------------------------------------------------------------------------------

    async def remember(self, key: str, value: bytes) -> None:
        """Keep a small fact; durable when it returns."""
        await self.transact(lambda transaction: transaction.remember(key, value))

    async def recall(self, key: str) -> bytes | None:
        """A fact, or None."""
        return await self.transact(lambda transaction: transaction.recall(key))

    # --- for people -----------------------------------------------------------------------------------------------

    def trouble(self) -> list[Trouble]:
        """What is wrong with the database or its disk now."""
        return self._troubles.now(self._clock.utc_ns())

    def writer_answers(self) -> bool:
        """Whether the writer's thread turns, also while it waits for a lock or space."""
        return self._writer.alive() and time.monotonic() - self._writer.turned_s < WRITER_SILENT_S

    def commit_ms(self) -> tuple[float, float]:
        """Median and 99th percentile of the latest commits, milliseconds."""
        taken = sorted(self._writer.commit_s)
        if not taken:
            return 0.0, 0.0
        return taken[len(taken) // 2] * 1e3, taken[min(len(taken) - 1, len(taken) * 99 // 100)] * 1e3

    def wal_bytes(self) -> int:
        return self._checkpointer.log_bytes()

    def disk_free_bytes(self) -> int:
        return self._upkeep.free_bytes

    # --- inside ---------------------------------------------------------------------------------------------------

    def _epochs_and_lanes(self) -> list[Stretch]:
        return [self._stretches[key] for key in sorted(self._stretches)]

    def _find(self, epoch: str, lane: Lane) -> Stretch | None:
        numbering = self._writer.numbering
        if epoch == numbering.epoch:
            return self._stretches.get((numbering.epoch_id, lane))
        return next(
            (stretch for stretch in self._epochs_and_lanes() if stretch.epoch == epoch and stretch.lane is lane), None
        )

    def _made_room(self, size: int) -> None:
        self._waiting -= size
        if self._waiting == 0:
            self._calm.set()
        if not self._room.is_set() and self._waiting < WAITING_DRAFTS:
            self._room.set()

    def _committed(self, lanes: set[Lane], lost: list[Lost]) -> None:
        """In the writer's thread, after a commit: tell the loop once."""
        if lanes or lost:
            self._loop.call_soon_threadsafe(self._tell, lanes, lost)

    def _tell(self, lanes: set[Lane], lost: list[Lost]) -> None:
        for one in lost:
            self._stretches[one.epoch_id, one.lane].settled.add(one.first, one.last)
        for listener in self._listeners:
            listener(lanes)

    def _writer_failed(self, error: BaseException) -> None:
        try:
            if salvage.means_damage(error):
                salvage.mark_damaged(self._path)
        except OSError as again:
            log.error("the damage could not be marked: %s", again)
        self._loop.call_soon_threadsafe(self._end, error)

    def _damaged(self, error: Exception) -> AgentError:
        salvage.mark_damaged(self._path)
        trouble = AgentError(
            "D-103", f"the database is damaged: {error}", do="Nothing; it is salvaged at the restart. Plan a new card."
        )
        self._end(trouble)
        return trouble

    def _end(self, error: BaseException) -> None:
        if not self.fatal.done():
            self.fatal.set_exception(error)


def _checkpoint(transaction: Transaction) -> str:
    """The last one that was signed, as a note; empty if none was."""
    return (transaction.recall(LAST_CHECKPOINT) or b"").decode()
