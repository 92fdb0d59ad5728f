"""The files that alarms and incidents refer to: sealed for who may see them, kept within a quota, owed until the centre
has them.

An alarm does not wait for its picture, nor an incident for its video: keep() and keep_clip() give the ids at once, and
hand the promise to the outbox's writer before the alarm, so that no alarm is on the disk without it. A worker seals
and writes pictures; a video comes sealed from its camera's cell.

Order   promise · file synced · row with the record · … · row over (agent/evidence/shelf.py). Whatever is killed
        between, begin() finds it: a promise without a file is told as lost, a file that is over is removed.
Open    pictures are in memory only, those of PICTURES_WAITING alarms at most, and in none of the files; videos are
        never in this process.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import uuid4

import msgspec

from agent.age import usable
from agent.clock import Clock
from agent.datasets import Recipients
from agent.events import EvidenceSealed, draft
from agent.evidence import rows
from agent.evidence.clips import FULL, Clips, NotMade, Wanted, order_of
from agent.evidence.films import Films, Footage, NoFilms
from agent.evidence.folder import Folder
from agent.evidence.not_kept import NotKept
from agent.evidence.picture import Form, Ids, Picture, Shows, forms, sealed, sealed_as
from agent.evidence.retention import BUNDLE, CLIP
from agent.evidence.rows import RANK, Kept, State
from agent.evidence.settings import EvidenceSettings
from agent.evidence.shelf import Shelf, Tasks, start
from agent.evidence.troubles import Troubles
from agent.model import Moment, Severity
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.outbox.troubles import Trouble

log = logging.getLogger("agent.evidence")

PICTURES_WAITING = 8  # alarms whose pictures are in memory, not yet sealed
CLIPS_AT_ONCE = 8  # cameras that look at one place
CLIPS_OF_CAMERA = 2
LOOK_S = 5.0


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
        films: Films | None = None,
    ) -> None:
        self._outbox = outbox
        self._folder = folder
        self._settings = settings
        self._recipients = recipients
        self._clock = clock
        self._films = films or NoFilms()
        self._troubles = Troubles(clock, cameras)
        self.shelf = Shelf(outbox, folder, settings, clock, self._troubles, reserve_bytes=reserve_bytes)
        self._clips = Clips(self.shelf, folder, self._troubles)
        self._own: set[str] = set()  # promised by this process
        self._begun = asyncio.Event()
        self._making: Tasks = set()
        self._filming: Tasks = set()
        self._bundling: Tasks = set()
        self._filmed: Counter[str] = Counter()  # how many videos of a camera are being made
        self._not_kept = NotKept()

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
        start(self._make(pictures), self._making)
        await asyncio.sleep(0)  # its first step hands the promise to the writer: before the alarm that gives the ids
        return Ids(**{one.form.value: one.id for one in pictures})

    async def keep_clip(self, camera: str, *, before_s: float, after_s: float, severity: Severity, at: Moment) -> str:
        """The id under which a video around that moment will be kept; empty if none will. Does not wait for it."""
        if not self._settings.quota_mb:
            return ""
        recipients = self._usable_recipients(Form.SNAPSHOT)
        if reason := self._clip_refusal(camera, recipients):
            self._not_kept.add(camera, CLIP, reason)
            return ""
        order = order_of(at, before_s, after_s, recipients, self._settings.quota_bytes)
        wanted = Wanted(id=str(uuid4()), camera=camera, severity=severity, at=at, order=order)
        if not self._begun.is_set():
            self._own.add(wanted.id)
        start(self._film(wanted, self._films.film(camera, order)), self._filming)
        await asyncio.sleep(0)  # as for a picture
        return wanted.id

    async def keep_bundle(self, make: Callable[[], Awaitable[bytes]]) -> str:
        """The id under which an archive for support will be kept, once it is made. Raises NotMade: why it is not.

        `make` may raise NotMade, too: then that is recorded as the loss of this id.
        """
        recipients = [one for one in self._recipients().support if usable(one)]
        if not recipients:
            raise NotMade("no_recipient")
        if self._bundling or not self._settings.quota_mb:
            raise NotMade("busy" if self._bundling else "quota")
        id_ = str(uuid4())
        if not self._begun.is_set():
            self._own.add(id_)
        start(self._bundle(id_, make, recipients, self._clock.now()), self._bundling)
        await asyncio.sleep(0)  # as for a picture
        return id_

    def _clip_refusal(self, camera: str, recipients: list[str]) -> str:
        if not recipients:
            return "no_recipient"
        busy = len(self._filming) >= CLIPS_AT_ONCE or self._filmed[camera] >= CLIPS_OF_CAMERA
        return self._films.refusal(camera) or ("busy" if busy else "")

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
            async with self.shelf.turn:
                reason = await self._seal(one)
            if reason:
                await self._break_promise(one.id, one.camera, one.form.value, reason)

    async def _film(self, wanted: Wanted, footage: Footage | None) -> None:
        """From the promise of a video to the record that it is sealed. The camera is at work already."""

        def promise(transaction: Transaction) -> None:
            rows.promise(transaction, wanted.id, wanted.camera, CLIP, wanted.severity)

        self._filmed[wanted.camera] += 1
        try:
            await self._outbox.transact(promise)
            await self._begun.wait()
            if footage is None:
                raise NotMade("no_video")
            await self._keep(await self._clips.write(wanted, footage), wanted.at)
        except NotMade as error:
            await self._break_promise(wanted.id, wanted.camera, CLIP, error.reason)
        finally:
            self._filmed[wanted.camera] -= 1
            if footage is not None:
                footage.drop()

    async def _bundle(self, id_: str, make: Callable[[], Awaitable[bytes]], recipients: list[str], at: Moment) -> None:
        """From the promise of an archive to the record that it is sealed."""
        await self._outbox.transact(lambda it: rows.promise(it, id_, "", BUNDLE, Severity.DEBUG))
        await self._begun.wait()
        try:
            content = await make()
            async with self.shelf.turn:
                reason = await self._write(
                    lambda: sealed_as(id_, "", BUNDLE, content, recipients), RANK[Severity.DEBUG], at
                )
        except NotMade as error:
            reason = error.reason
        if reason:
            await self._break_promise(id_, "", BUNDLE, reason)

    async def _break_promise(self, id_: str, camera: str, kind: str, reason: str) -> None:
        await self.shelf.end([id_], [self.shelf.loss(id_, camera, kind, reason)])

    async def _seal(self, picture: Picture) -> str:
        """Returns why it could not be kept, or nothing."""
        recipients = self._usable_recipients(picture.form)
        if not recipients:
            return "no_recipient"
        return await self._write(lambda: sealed(picture, recipients), RANK[picture.severity], picture.at)

    async def _write(self, seal: Callable[[], tuple[bytes, EvidenceSealed]], rank: int, at: Moment) -> str:
        """Returns why it could not be kept, or nothing. To be called within the shelf's turn."""
        file, record = await self._folder.aside(seal)
        try:
            reason = await self.shelf.make_room(len(file), rank, record.kind)
            if reason:
                return reason
            await self._folder.write(record.evidence, file)
        except OSError as error:
            log.warning("a picture cannot be written: %s", error)
            self._troubles.unwritable(error)
            return "disk_full" if error.errno in FULL else "failed"
        self._troubles.written()
        await self._keep(record, at)
        return ""

    async def _keep(self, record: EvidenceSealed, at: Moment) -> None:
        """The file is on the disk: so is its record, and it is owed."""
        since_ns = self._clock.utc_ns() if self._clock.synced() else 0

        def keep(transaction: Transaction) -> Kept:
            transaction.put(draft(record, at))
            return rows.keep(transaction, record.evidence, record.bytes, record.sha256, since_ns)

        self.shelf.keep(await self._outbox.transact(keep))

    # --- life -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Find what was left, then look after space and losses. Runs for ever; a folder that fails ends nothing."""
        while True:
            try:
                if not self._begun.is_set():
                    await self.begin()
                async with self.shelf.turn:
                    await self.shelf.relieve()
                    await self.shelf.forget()
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
                told.append(self.shelf.loss(kept.id, kept.camera, kept.kind, "interrupted"))
            elif state is State.KEPT and kept.id not in whole:
                told.append(self.shelf.loss(kept.id, kept.camera, kept.kind, "damaged"))
        strays = sorted(files.keys() - known)  # the database that knew them was damaged
        told += [self.shelf.loss(id_, "", "", "damaged") for id_ in strays]
        for _, kept in table:
            if kept.id in whole:
                self.shelf.hold(kept)
        over = [*strays, *(kept.id for _, kept in table if kept.id not in whole)]
        if over:
            await self.shelf.end(over, told)
        self._begun.set()

    async def tell_not_kept(self, *, last: bool = False) -> None:
        """Record what was not taken; called every few seconds, and at the end for what is still gathered."""
        lost = self._not_kept.due(math.inf if last else self._clock.monotonic_ns() / 1e9)
        if lost:
            await self._outbox.accept([draft(one, self._clock.now()) for one in lost])

    async def finish(self) -> None:
        """At the end: everything so far, and what was not kept. Raises nothing; what fails is logged."""
        start(self.tell_not_kept(last=True), self.shelf.ending)
        await self.drained()

    async def drained(self) -> None:
        """Wait until everything so far is kept or told as lost."""
        while waiting := self._making | self._filming | self.shelf.ending:
            await asyncio.wait(waiting)

    # --- for people -----------------------------------------------------------------------------------------------

    def state(self) -> EvidenceState:
        return EvidenceState(
            kept=self.shelf.count(),
            owed_bytes=self.shelf.owed_bytes(),
            sealed=self.shelf.counts.sealed,
            delivered=self.shelf.counts.delivered,
            lost=self.shelf.counts.lost,
            not_kept=self._not_kept.total,
        )

    def trouble(self) -> list[Trouble]:
        """What is wrong with evidence now."""
        for form in Form:
            self._usable_recipients(form)
        return self._troubles.now()
