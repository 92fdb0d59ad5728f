"""Keeps the ledger provable: signs its root each hour and after each statement, and looks at the start whether it is
still what was signed last.

Order     size and root are read in one commit and signed after it; the checkpoint is an event of the next commit. So no
          checkpoint covers what a power cut can take back.
Twice     the last checkpoint lies in the database and in a file beside it. A database that was put back from a copy
          would go on where it has gone on before, and sign another history: then nothing of it is signed any more, and
          a new epoch, with a new log, carries the last checkpoint on.
Not       what a statement says: agent/school/statement.py. Who checks it all: the centre, and the auditor.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import msgspec

from agent.book import Book
from agent.clock import Clock
from agent.events import draft
from agent.ledger.merkle import HASH_BYTES
from agent.ledger.note import Checkpoint, NoteError, Signer, parse_checkpoint, sign_note, unverified_text
from agent.ledger.origin import origin_of
from agent.ledger.stored import Spoilt
from agent.outbox.group import Transaction
from agent.outbox.ledger_view import LedgerView, ledger_view
from agent.outbox.outbox import LAST_CHECKPOINT, Outbox
from agent.outbox.troubles import Trouble
from agent.private_file import write_private
from agent.school.calendar import local
from agent.school.defects import Defects, Words
from agent.school.statement import close_day
from agent.school_events import Checkpoint as CheckpointEvent

log = logging.getLogger("agent.ledger")

FILE = "ledger.checkpoint"  # beside the database
FAILING = Words(
    "A-122",
    "a checkpoint or statement of the ledger cannot be made ({part}): {error}",
    "Nothing on site; it is tried again. If it stays, send the log to support.",
)
LOOK_S = 20.0
HOUR_NS = 3_600 * 1_000_000_000
OPENING = 1  # the leaf that says why the epoch was opened: a log with no other has nothing to prove yet


class Head(msgspec.Struct, frozen=True):
    """How large the log of an epoch is, and its root."""

    epoch: str
    size: int
    root: bytes


NOTHING = Head("", 0, bytes(HASH_BYTES))


class LedgerKeeper:
    """One per box. `versions` tells those of the reference data."""

    def __init__(
        self,
        outbox: Outbox,
        school: str,
        signer: Signer,
        clock: Clock,
        *,
        database: Path,
        book: Callable[[], Book],
        versions: Callable[[], Mapping[str, str]],
    ) -> None:
        self._outbox = outbox
        self._school = school
        self._signer = signer
        self._clock = clock
        self._database = database
        self._file = database.with_name(FILE)
        self._book = book
        self._versions = versions
        self._signed = NOTHING
        self._signed_ns = 0  # monotonic; 0: the log has not been compared yet, and nothing is signed
        self._differs: list[Trouble] = []
        self._defects = Defects(clock, FAILING)

    async def run(self) -> None:
        """Runs for ever."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Once round: what is due."""
        if not self._signed_ns:
            await self._tried("start", self._begin)
        if self._signed_ns:
            await self._tried("day", self._close_day)
            if self._clock.monotonic_ns() - self._signed_ns >= HOUR_NS:
                await self._tried("hour", partial(self.checkpoint, "hour"))

    async def finish(self) -> None:
        """At an orderly stop: sign what the last checkpoint does not cover."""
        if self._signed_ns:
            await self._tried("stop", partial(self.checkpoint, "stop"))

    def trouble(self) -> list[Trouble]:
        """What is wrong with the ledger."""
        return [*self._differs, *self._defects.trouble()]

    async def checkpoint(self, reason: str) -> bool:
        """Sign the log as it is on the disk. Returns False, and does nothing, if nothing was decided since the last."""
        head = await self._outbox.transact(_head)
        nothing_new = head.size <= OPENING or (head.epoch, head.size) == (self._signed.epoch, self._signed.size)
        signed = not nothing_new and await self._sign(head, reason)
        self._signed_ns = self._clock.monotonic_ns()
        return signed

    async def _sign(self, head: Head, reason: str) -> bool:
        origin = origin_of(self._school, head.epoch)
        note = sign_note(str(Checkpoint(origin, head.size, head.root)), origin, self._signer)
        await asyncio.to_thread(self._keep, note)
        event = draft(CheckpointEvent(size=head.size, reason=reason, note=note), self._clock.now())

        def put(transaction: Transaction) -> bool:
            if transaction.numbering.epoch != head.epoch:
                return False  # a new epoch was opened meanwhile: its first leaf names the checkpoint before
            transaction.put(event)
            transaction.remember(LAST_CHECKPOINT, note.encode())
            return True

        if not await self._outbox.transact(put):
            return False
        self._signed = head
        return True

    def _keep(self, note: str) -> None:
        """Before anybody else sees it."""
        try:
            write_private(self._file, note.encode())
        except OSError as error:  # the other copy, in the database, must do
            log.warning("%s cannot be written: %s", self._file, error)

    async def _close_day(self) -> None:
        now = self._clock.now()
        here = local(now.utc_ns, self._book().calendar)
        if now.synced and await self._outbox.transact(partial(close_day, now=here, at=now, datasets=self._versions())):
            await self.checkpoint("day")

    async def _begin(self) -> None:
        """Compare the log with what was signed last; then sign what was decided since."""
        filed = await asyncio.to_thread(self._filed)
        self._signed, why = await asyncio.to_thread(self._compared, filed)
        carry_on = partial(self._carry_on, filed=filed)
        if why:
            await self._set_aside(why, carry_on)
        else:
            await self._outbox.transact(carry_on)
        await self.checkpoint("start")

    async def _set_aside(self, why: str, carry_on: Callable[[Transaction], None]) -> None:
        log.critical("the ledger is not what was signed: %s; a new epoch is opened", why)
        do = "Nothing on site; tell the centre at once: somebody may have put back or changed the database."
        what = f"the ledger is not what was signed: {why}"
        self._differs = [Trouble(code="A-121", what=what, do=do, since_ns=self._clock.utc_ns())]
        await self._outbox.open_epoch("rewind", carry_on)  # in one commit: a power cut must not leave half of it

    def _carry_on(self, transaction: Transaction, filed: str) -> None:
        """The database goes on from the file's checkpoint, if it is later: a new epoch's first leaf names it."""
        there = self._parsed(filed)
        here = self._parsed((transaction.recall(LAST_CHECKPOINT) or b"").decode())
        if there and (here is None or _rank(transaction, there) > _rank(transaction, here)):
            transaction.remember(LAST_CHECKPOINT, filed.encode())

    def _filed(self) -> str:
        """The checkpoint in the file; empty if there is none, or none of this school."""
        try:
            note = self._file.read_bytes().decode()
            return note if self._parsed(note) else ""
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read: %s", self._file, error)
            return ""

    def _compared(self, filed: str) -> tuple[Head, str]:
        """The newest epoch's last checkpoint that is an event, and why the log is not what was signed; empty if it is.

        One that is only in the file was signed and never sent: the power went. It is signed once more, the same.
        """
        with ledger_view(self._database) as view:
            sent = self._parsed(view.checkpoint)  # of an epoch whose events are gone, too: it was taken over
            signed = [head for head in (self._parsed(filed), sent) if head]
            try:
                size = view.log.check()
                faults = [fault for head in signed if (fault := _fault(head, view, size, sent))]
            except Spoilt as error:
                faults = [str(error)]
            newest = sent if sent and sent.epoch == view.epoch else NOTHING
        return newest, faults[0] if faults else ""

    def _parsed(self, note: str) -> Head | None:
        """What a checkpoint of this box says; its own signature need not be verified."""
        try:
            found = parse_checkpoint(unverified_text(note))
        except NoteError:
            return None
        epoch = found.origin.rpartition("/")[2]
        return Head(epoch, found.size, found.root) if found.origin == origin_of(self._school, epoch) else None

    async def _tried(self, part: str, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """A part that fails is tried again, and keeps no other from its turn."""
        (error,) = await asyncio.gather(work(), return_exceptions=True)
        if isinstance(error, Exception):
            self._defects.failed(part, error)
        else:
            self._defects.passed(part)


def _head(transaction: Transaction) -> Head:
    log = transaction.log()
    return Head(transaction.numbering.epoch, log.size, log.root())


def _rank(transaction: Transaction, head: Head) -> tuple[float, int]:
    """Later is higher; an epoch that the database does not know is the latest."""
    row = transaction.execute("select id from epoch where uuid = ?", (head.epoch,)).fetchone()
    return row[0] if row else inf, head.size


def _fault(head: Head, view: LedgerView, size: int, sent: Head | None) -> str:
    """Why the log of the database cannot be that of a checkpoint; empty if it can."""
    if head.epoch == view.epoch:
        if size < head.size:
            return f"it has {size} leaves, and {head.size} were signed"
        if view.log.root(head.size) != head.root:
            return f"its first {head.size} leaves are others than were signed"
    elif head.epoch not in view.before and size > OPENING and not (sent and sent.epoch == head.epoch):
        return f"epoch {head.epoch} was signed, and this database does not know it"
    return ""
