"""The sealed files that the box owes: what is kept, what gives way, what is sent next, how a file goes.

Goes    row over, with the record of a loss · file removed · row removed; what comes before: agent/evidence/store.py.
Space   agent/evidence/retention.py; who is dropped is told before its file goes. A video that is being written is the
        first to give way to a picture: `growing` has it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import msgspec

from agent.clock import Clock
from agent.events import EvidenceLost, draft
from agent.evidence import rows
from agent.evidence.folder import Folder
from agent.evidence.retention import CLIP, Turn, expired, order_of_sending, patience_ns, victims
from agent.evidence.rows import Kept
from agent.evidence.settings import EvidenceSettings
from agent.evidence.troubles import Troubles
from agent.model import Draft
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox

log = logging.getLogger("agent.evidence")

DAY_NS = 86_400 * 1_000_000_000
Tasks = set[asyncio.Task[None]]


class Counts(msgspec.Struct):
    """Since the agent started."""

    sealed: int = 0
    delivered: int = 0
    lost: int = 0


class Growing(msgspec.Struct):
    """A video that is being written."""

    rank: int
    drop: Callable[[], None]  # ends it soon
    bytes: int = 0  # that it has room for
    gave_way: str = ""  # why it must not be finished


class Shelf:
    """Of one box."""

    def __init__(
        self,
        outbox: Outbox,
        folder: Folder,
        settings: EvidenceSettings,
        clock: Clock,
        troubles: Troubles,
        *,
        reserve_bytes: int,
    ) -> None:
        self._open: frozenset[str] | None = None  # incidents; None: at the start, until somebody has told
        self.growing: dict[str, Growing] = {}
        self.turn = asyncio.Lock()  # one file at a time is made room for
        self.counts = Counts()
        self._outbox = outbox
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._troubles = troubles
        self._reserve_bytes = reserve_bytes
        self._kept: dict[str, Kept] = {}
        self._held_ns: dict[str, int] = {}  # CLOCK_BOOTTIME when it was kept, of this life's
        self._order: dict[Turn, list[Kept]] | None = None
        self._ending: Tasks = set()
        self._listeners: list[Callable[[], None]] = []

    def keep(self, kept: Kept) -> None:
        """It has just been kept."""
        self._held_ns[kept.id] = self._clock.monotonic_ns()
        self.counts.sealed += 1
        self.hold(kept)

    def hold(self, kept: Kept) -> None:
        """It is owed from now on."""
        self._kept[kept.id] = kept
        self._tell()

    # --- space ----------------------------------------------------------------------------------------------------

    async def make_room(self, size: int, rank: int, kind: str) -> str:
        """Drop what must give way to so many bytes of a file. Returns why that is the file itself, or nothing.

        To be called within `turn`.
        """
        excess, reason = self._excess(size)
        if excess > 0 and kind != CLIP:
            excess -= self._stop_growing(rank, reason)
        if excess <= 0:
            return ""
        dropped = victims(self._kept.values(), excess, self._is_open, newcomer=(rank, kind))
        if dropped is None:
            self._troubles.shed()
            return reason
        await self._shed(dropped, reason)
        return ""

    def _excess(self, size: int) -> tuple[int, str]:
        over_quota = self.owed_bytes() + self._growing_bytes() + size - self._settings.quota_bytes
        over_disk = self._reserve_bytes + size - self._folder.free_bytes()
        return max((over_quota, "quota"), (over_disk, "disk_full"))

    def _growing_bytes(self) -> int:
        return sum(one.bytes for one in self.growing.values())

    def _stop_growing(self, rank: int, reason: str) -> int:
        """Videos that are being written give way to a picture that is as severe. Returns the bytes that this frees."""
        freed = 0
        for one in self.growing.values():
            if one.rank <= rank and not one.gave_way:
                freed += one.bytes
                one.bytes, one.gave_way = 0, reason
                one.drop()
        return freed

    async def forget(self) -> None:
        """What has waited for so long that it must go; by a trusted clock, and by the steady one where that knows."""
        now = self._clock.now()
        if not now.synced:
            return
        if any(not one.since_ns for one in self._kept.values()):
            await self._outbox.transact(lambda transaction: rows.date(transaction, now.utc_ns))
            for one in self._kept.values():
                self._kept[one.id] = msgspec.structs.replace(one, since_ns=one.since_ns or now.utc_ns)
        keep_ns = self._settings.keep_days * DAY_NS
        sure = [
            one
            for one in expired(self._kept.values(), now.utc_ns, keep_ns, self._is_open)
            if now.monotonic_ns - self._held_ns.get(one.id, -keep_ns) >= patience_ns(one.kind, keep_ns)
        ]
        if sure:
            log.warning("%d sealed files were not taken for too long", len(sure))
            await self._lose(sure, "expired")

    async def relieve(self) -> None:
        """Where others fill the disk, evidence gives way before records do."""
        excess = self._reserve_bytes - self._folder.free_bytes()
        if excess > 0:
            excess -= self._stop_growing(max((one.rank for one in self.growing.values()), default=0), "disk_full")
        if excess > 0 and self._kept:
            await self._shed(victims(self._kept.values(), excess, self._is_open) or [], "disk_full")

    async def _shed(self, dropped: list[Kept], reason: str) -> None:
        log.warning("%d sealed files give way: %s", len(dropped), reason)
        self._troubles.shed()
        await self._lose(dropped, reason)

    # --- a file goes ----------------------------------------------------------------------------------------------

    async def _lose(self, gone: list[Kept], reason: str) -> None:
        """Tell it, then remove it."""
        await self.end([one.id for one in gone], [self.loss(one.id, one.camera, one.kind, reason) for one in gone])

    async def end(self, ids: list[str], told: list[Draft]) -> None:
        """Nothing is owed of these any more: on the disk first, then the files go, then the rows."""
        self.counts.lost += len(told)
        for id_ in ids:
            self._let_go(id_)

        def end(transaction: Transaction) -> None:
            for one in told:
                transaction.put(one)
            for id_ in ids:
                rows.end(transaction, id_)

        await self._outbox.transact(end)
        await self._remove(ids)

    def _let_go(self, id_: str) -> bool:
        """Whether it was owed until now."""
        self.order_anew()
        self._held_ns.pop(id_, None)
        return self._kept.pop(id_, None) is not None

    async def _remove(self, ids: list[str]) -> None:
        try:
            await self._folder.remove(ids)
        except OSError as error:  # the rows stay, so that the next start tries again
            log.warning("sealed files that are over cannot be removed: %s", error)
            return

        def forget(transaction: Transaction) -> None:
            for id_ in ids:
                rows.forget(transaction, id_)

        await self._outbox.transact(forget)

    def loss(self, id_: str, camera: str, kind: str, reason: str) -> Draft:
        lost = EvidenceLost(evidence=id_, camera=camera, kind=kind, reason=reason, count=1)
        return draft(lost, self._clock.now())

    # --- what is owed, for the link -------------------------------------------------------------------------------

    def owed(self, of: Turn | None = None) -> Kept | None:
        """What is to be sent next; of one turn, or of all."""
        if self._order is None:
            self._order = order_of_sending(self._kept.values(), self._is_open)
        turns = Turn if of is None else (of,)
        return next((self._order[turn][0] for turn in turns if self._order[turn]), None)

    def order_anew(self) -> None:
        """Another file is kept, or another incident is open."""
        self._order = None

    def incidents_changed(self, opened: Iterable[str]) -> None:
        """These are open now: what shows them is sent first, and dropped last. Does not wait for the database."""
        self._open = frozenset(opened)
        start(self._learn_incidents(), self._ending)

    async def _learn_incidents(self) -> None:
        for id_, incident in (await self._outbox.transact(rows.of_incidents)).items():
            if (kept := self._kept.get(id_)) is not None:
                self._kept[id_] = msgspec.structs.replace(kept, incident=incident)
        self._tell()

    def _is_open(self, kept: Kept) -> bool:
        if self._open is None:
            return kept.incident != ""
        return kept.incident in self._open

    def _tell(self) -> None:
        """There is something else to send."""
        self.order_anew()
        for listener in self._listeners:
            listener()

    def find(self, id_: str) -> Kept | None:
        """One that is owed."""
        return self._kept.get(id_)

    def count(self) -> int:
        return len(self._kept)

    def owed_bytes(self) -> int:
        return sum(kept.bytes for kept in self._kept.values())

    async def intact(self, kept: Kept) -> bool:
        """Whether the card still gives what was sealed."""
        return await self._folder.intact(kept)

    async def read(self, kept: Kept, offset: int, size: int) -> bytes:
        """A piece of the sealed file; shorter where the card lost some."""
        try:
            return await self._folder.read(kept.id, offset, size)
        except OSError as error:
            log.warning("a sealed file cannot be read: %s", error)
            return b""

    def delivered(self, kept: Kept) -> None:
        """The centre has it whole."""
        if self._let_go(kept.id):
            self.counts.delivered += 1
            start(self.end([kept.id], []), self._ending)

    def lose(self, kept: Kept, reason: str) -> None:
        """It can never be delivered."""
        if self._let_go(kept.id):
            start(self._lose([kept], reason), self._ending)

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call it on the loop when there is more to send."""
        self._listeners.append(listener)

    @property
    def ending(self) -> Tasks:
        """What brings files to their end now."""
        return self._ending


def start(work: Coroutine[Any, Any, None], among: Tasks) -> asyncio.Task[None]:
    """A task that is kept until it ends; what it fails with is logged."""
    task = asyncio.create_task(work)
    among.add(task)

    def ended(task: asyncio.Task[None]) -> None:
        among.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("evidence: %s", error)

    task.add_done_callback(ended)
    return task
