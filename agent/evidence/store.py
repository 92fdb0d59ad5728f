"""The pictures that alarms refer to: sealed for who may see them, kept within a quota, owed until the centre has them.

An alarm does not wait for its picture: keep() gives the ids at once, and hands the promise to the outbox's writer
before the alarm, so that no alarm is on the disk without it. A worker seals and writes.

Order   promise · file synced · row with the record · … · row over, with the record of a loss · file removed · row
        removed. Whatever is killed between, begin() finds it: a promise without a file is told as lost, a file that is
        over is removed.
Space   agent/evidence/retention.py; who is dropped is told before its file goes.
Open    pictures are in memory only, those of PICTURES_WAITING alarms at most, and in none of the files.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import math
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import msgspec

from agent.age import usable
from agent.clock import Clock
from agent.datasets import Recipients
from agent.events import EvidenceLost, draft
from agent.evidence import rows
from agent.evidence.folder import Folder
from agent.evidence.not_kept import NotKept
from agent.evidence.picture import Form, Ids, Picture, Shows, forms, sealed
from agent.evidence.retention import order_of_sending, victims
from agent.evidence.rows import RANK, Kept, State
from agent.evidence.settings import EvidenceSettings
from agent.evidence.troubles import Troubles
from agent.model import Draft, Moment, Severity
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.outbox.troubles import Trouble

log = logging.getLogger("agent.evidence")

PICTURES_WAITING = 8  # alarms whose pictures are in memory, not yet sealed
LOOK_S = 5.0
CLIP = "clip"  # its kind
FULL = {errno.ENOSPC, errno.EDQUOT}


class EvidenceState(msgspec.Struct, frozen=True, kw_only=True):
    """For status."""

    kept: int
    owed_bytes: int
    sealed: int
    delivered: int
    lost: int
    not_kept: int


class Evidence:
    """One per box; begin() first, then run() for ever. `recipients` tells for whom to seal each form now."""

    def __init__(
        self,
        outbox: Outbox,
        folder: Folder,
        settings: EvidenceSettings,
        recipients: Callable[[], Recipients],
        clock: Clock,
        *,
        reserve_bytes: int,
        cameras: int,
    ) -> None:
        self._outbox = outbox
        self._folder = folder
        self._settings = settings
        self._recipients = recipients
        self._clock = clock
        self._reserve_bytes = reserve_bytes
        self._kept: dict[str, Kept] = {}
        self._order: list[Kept] | None = None
        self._own: set[str] = set()  # promised by this process
        self._begun = asyncio.Event()
        self._turn = asyncio.Lock()  # one picture at a time is made room for
        self._making: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._not_kept = NotKept()
        self._troubles = Troubles(clock, cameras)
        self._sealed = self._delivered = self._lost = 0
        self._listeners: list[Callable[[], None]] = []

    # --- a picture comes ----------------------------------------------------------------------------------------

    async def keep(self, shown: Shows, camera: str, severity: Severity) -> Ids:
        """The ids under which its forms will be kept. Does not wait for the disk."""
        given = dict(forms(shown)) if self._settings.quota_mb else {}
        wanted = {form: content for form, content in given.items() if self._usable_recipients(form)}
        for form in given.keys() - wanted.keys():
            self._not_kept.add(camera, form.value, "no_recipient")
        if not wanted:
            return Ids()
        if reason := self._refusal(camera):
            for form in wanted:
                self._not_kept.add(camera, form.value, reason)
            return Ids()
        at = Moment(shown.at_ns, shown.monotonic_ns, self._clock.synced())
        pictures = [Picture(str(uuid4()), camera, form, severity, content, at) for form, content in wanted.items()]
        if not self._begun.is_set():
            self._own.update(one.id for one in pictures)
        self._start(self._make(pictures), self._making)
        await asyncio.sleep(0)  # its first step hands the promise to the writer: before the alarm that gives the ids
        return Ids(**{one.form.value: one.id for one in pictures})

    async def keep_clip(
        self,
        camera: str,
        *,
        before_s: float,  # noqa: ARG002 - the seam; what makes a clip comes next
        after_s: float,  # noqa: ARG002
        severity: Severity,  # noqa: ARG002
        at: Moment,  # noqa: ARG002
    ) -> str:
        """The id under which a video around that moment will be kept; empty if none will. Does not wait for it."""
        self._not_kept.add(camera, CLIP, "no_video")
        return ""

    def _refusal(self, camera: str) -> str:
        if len(self._making) >= PICTURES_WAITING:
            return "busy"
        return "too_many" if self._not_kept.too_many(camera, self._clock.monotonic_ns() / 1e9) else ""

    def _usable_recipients(self, form: Form) -> list[str]:
        given: list[str] = getattr(self._recipients(), form.value)
        found = [one for one in given if usable(one)]
        self._troubles.recipients(form, given=len(given), usable=len(found))
        return found

    async def _make(self, pictures: list[Picture]) -> None:
        """From the promise to the records that they are sealed."""

        def promise(transaction: Transaction) -> None:
            for one in pictures:
                rows.promise(transaction, one.id, one.camera, one.form.value, one.severity)

        await self._outbox.transact(promise)
        await self._begun.wait()
        for one in pictures:
            async with self._turn:
                reason = await self._seal(one)
            if reason:
                self._lost += 1
                await self._end([one.id], [self._loss(one.id, one.camera, one.form.value, reason)])

    async def _seal(self, picture: Picture) -> str:
        """Returns why it could not be kept, or nothing."""
        recipients = self._usable_recipients(picture.form)
        if not recipients:
            return "no_recipient"
        file, record = await self._folder.aside(lambda: sealed(picture, recipients))
        try:
            reason = await self._make_room(len(file), RANK[picture.severity])
            if reason:
                return reason
            await self._folder.write(picture.id, file)
        except OSError as error:
            log.warning("a picture cannot be written: %s", error)
            self._troubles.unwritable(error)
            return "disk_full" if error.errno in FULL else "failed"
        self._troubles.written()

        def keep(transaction: Transaction) -> Kept:
            transaction.put(draft(record, picture.at))
            return rows.keep(transaction, picture.id, record.bytes, record.sha256)

        self._hold(await self._outbox.transact(keep))
        self._sealed += 1
        return ""

    def _hold(self, kept: Kept) -> None:
        self._kept[kept.id] = kept
        self._order = None
        for listener in self._listeners:
            listener()

    # --- space ----------------------------------------------------------------------------------------------------

    async def _make_room(self, size: int, rank: int) -> str:
        """Drop what must give way to a new picture. Returns why that is the new one itself, or nothing."""
        over_quota = self.owed_bytes() + size - self._settings.quota_bytes
        over_disk = self._reserve_bytes + size - self._folder.free_bytes()
        excess, reason = max((over_quota, "quota"), (over_disk, "disk_full"))
        if excess <= 0:
            return ""
        dropped = victims(self._kept.values(), excess, newcomer=rank)
        if dropped is None:
            self._troubles.shed()
            return reason
        await self._shed(dropped, reason)
        return ""

    async def _relieve(self) -> None:
        """Where others fill the disk, pictures give way before records do."""
        excess = self._reserve_bytes - self._folder.free_bytes()
        if excess > 0 and self._kept:
            await self._shed(victims(self._kept.values(), excess) or [], "disk_full")

    async def _shed(self, dropped: list[Kept], reason: str) -> None:
        log.warning("%d pictures give way: %s", len(dropped), reason)
        self._troubles.shed()
        await self._lose(dropped, reason)

    # --- a picture goes -------------------------------------------------------------------------------------------

    async def _lose(self, gone: list[Kept], reason: str) -> None:
        """Tell it, then remove it."""
        told = [self._loss(one.id, one.camera, one.kind, reason) for one in gone]
        self._lost += len(gone)
        await self._end([one.id for one in gone], told)

    async def _end(self, ids: list[str], told: list[Draft]) -> None:
        """Nothing is owed of these any more: on the disk first, then the files go, then the rows."""
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
        self._order = None
        return self._kept.pop(id_, None) is not None

    async def _remove(self, ids: list[str]) -> None:
        try:
            await self._folder.remove(ids)
        except OSError as error:  # the rows stay, so that the next start tries again
            log.warning("pictures that are over cannot be removed: %s", error)
            return

        def forget(transaction: Transaction) -> None:
            for id_ in ids:
                rows.forget(transaction, id_)

        await self._outbox.transact(forget)

    def _loss(self, id_: str, camera: str, kind: str, reason: str) -> Draft:
        lost = EvidenceLost(evidence=id_, camera=camera, kind=kind, reason=reason, count=1)
        return draft(lost, self._clock.now())

    # --- life -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Find what was left, then look after space and losses. Runs for ever; a folder that fails ends nothing."""
        while True:
            try:
                if not self._begun.is_set():
                    await self.begin()
                async with self._turn:
                    await self._relieve()
            except OSError as error:
                log.warning("the folder of pictures cannot be used: %s", error)
                self._troubles.unwritable(error)
            await self._clock.sleep(LOOK_S)
            await self.tell_not_kept()

    async def begin(self) -> None:
        """What an earlier life left: kept pictures are owed, everything half done is brought to its end."""
        files = await self._folder.scan()
        table = [one for one in await self._outbox.transact(rows.load) if one[1].id not in self._own]
        known = {kept.id for _, kept in table}
        whole = {kept.id for state, kept in table if state is State.KEPT and files.get(kept.id) == kept.bytes}
        told = []
        for state, kept in table:
            if state is State.PROMISED:
                told.append(self._loss(kept.id, kept.camera, kept.kind, "interrupted"))
            elif state is State.KEPT and kept.id not in whole:
                told.append(self._loss(kept.id, kept.camera, kept.kind, "damaged"))
        strays = sorted(files.keys() - known)  # the database that knew them was damaged
        told += [self._loss(id_, "", "", "damaged") for id_ in strays]
        self._lost += len(told)
        for _, kept in table:
            if kept.id in whole:
                self._hold(kept)
        over = [*strays, *(kept.id for _, kept in table if kept.id not in whole)]
        if over:
            await self._end(over, told)
        self._begun.set()

    async def tell_not_kept(self, *, last: bool = False) -> None:
        """Record what was not taken; called every few seconds, and at the end for what is still gathered."""
        lost = self._not_kept.due(math.inf if last else self._clock.monotonic_ns() / 1e9)
        if lost:
            await self._outbox.accept([draft(one, self._clock.now()) for one in lost])

    async def finish(self) -> None:
        """At the end: every picture so far, and what was not kept. Raises nothing; what fails is logged."""
        self._start(self.tell_not_kept(last=True), self._ending)
        await self.drained()

    async def drained(self) -> None:
        """Wait until every picture so far is kept or told as lost."""
        while waiting := self._making | self._ending:
            await asyncio.wait(waiting)

    def _start(self, work: Coroutine[Any, Any, None], among: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(work)
        among.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            among.discard(task)
            if not task.cancelled() and (error := task.exception()):
                log.error("evidence: %s", error)

        task.add_done_callback(ended)

    # --- what is owed, for the link -----------------------------------------------------------------------------------

    def owed(self) -> Kept | None:
        """What is to be sent next: the most severe, of those the oldest."""
        if self._order is None:
            self._order = order_of_sending(self._kept.values())
        return self._order[0] if self._order else None

    def find(self, id_: str) -> Kept | None:
        """One that is owed."""
        return self._kept.get(id_)

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
            log.warning("a sealed picture cannot be read: %s", error)
            return b""

    def delivered(self, kept: Kept) -> None:
        """The centre has it whole."""
        if self._let_go(kept.id):
            self._delivered += 1
            self._start(self._end([kept.id], []), self._ending)

    def lose(self, kept: Kept, reason: str) -> None:
        """It can never be delivered."""
        if self._let_go(kept.id):
            self._start(self._lose([kept], reason), self._ending)

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call it on the loop when there is more to send."""
        self._listeners.append(listener)

    # --- for people -----------------------------------------------------------------------------------------------

    def state(self) -> EvidenceState:
        return EvidenceState(
            kept=len(self._kept),
            owed_bytes=self.owed_bytes(),
            sealed=self._sealed,
            delivered=self._delivered,
            lost=self._lost,
            not_kept=self._not_kept.total,
        )

    def trouble(self) -> list[Trouble]:
        """What is wrong with evidence now."""
        for form in Form:
            self._usable_recipients(form)
        return self._troubles.now()
