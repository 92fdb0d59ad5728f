"""Watches the change that is on trial, from the agent's start to its end; a part of agent/box.py.

How others use it (a new version of the agent, `what="update"`):
 1. a class of shape TrialKind (agent/trials/trial.py): standing, undo, told, settled; under "update" in the table of
    agent/trial_kinds.py
 2. before the change:  trial = await trials.begin("update", by, within_s, {"from": "1.4.0", "to": "1.5.0"}, order)
    then the change itself (the link /opt/mektep/current), then restart.ask()
 3. all else is done here and in agent/trials/start.py: starts are counted, the box is watched for within_s from each
    start on, the change is kept or undone (kind.undo, and a restart), its end is an event (kind.told) exactly once
A second change waits for the first: begin() raises Busy.
Raises   OSError where the disk refuses; the part is started again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from agent.clock import Clock
from agent.events import draft
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.trials.start import came_up
from agent.trials.trial import Kinds, Trial, TrialFile, ended
from agent.trials.verdict import Seen, Verdict, Word, lost, lost_since, verdict
from agent.wall_time import rfc3339

log = logging.getLogger("agent.trials")

LOOK_S = 1.0
FACT = "trial"  # the id of the last trial whose end is told


class Busy(Exception):
    """Another change is on trial."""


class Trials:
    """One per box."""

    def __init__(
        self,
        file: TrialFile,
        kinds: Kinds,
        outbox: Outbox,
        clock: Clock,
        *,
        look: Callable[[], Seen],
        configured: Collection[str],
        restart: Callable[[], None],
    ) -> None:
        """look: how the box is now. configured: names of the devices. restart: ends the agent; it is started again."""
        self._file, self._kinds, self._outbox, self._clock = file, kinds, outbox, clock
        self._look, self._configured, self._restart = look, configured, restart
        self._changing = asyncio.Lock()

    def now(self) -> Trial | None:
        """What is on trial, or has ended and is not told yet."""
        return self._file.read()

    async def begin(self, what: str, by: str, within_s: int, change: dict[str, str], order: int = 0) -> Trial:
        """On the disk when it returns; then make the change, and restart. Raises Busy, OSError."""
        began, before = rfc3339(self._clock.utc_ns()), self._look()
        async with self._changing:
            if await asyncio.to_thread(self._file.read) is not None:
                raise Busy(what)
            return await asyncio.to_thread(self._file.begin, what, by, began, within_s, before, change, order)

    async def drop(self, trial: Trial) -> None:
        """The change was not made after all: nothing was tried, nothing is told. Raises OSError."""
        async with self._changing:
            now = await asyncio.to_thread(self._file.read)
            if now is not None and now.id == trial.id:
                await asyncio.to_thread(self._file.remove)

    async def stop(self, trial: Trial, reason: str) -> None:
        """Undo it now, and restart. Raises OSError."""
        await self._end(ended(trial, "undone", reason))

    async def run(self) -> None:
        """From READY on. Returns when nothing is on trial any more."""
        await asyncio.to_thread(came_up, self._file)
        trial = await asyncio.to_thread(self._file.read)
        if trial is None or trial.what not in self._kinds:
            return
        if not trial.outcome:
            found = await self._watched(trial)
            trial = ended(trial, "kept" if found.word is Word.KEEP else "undone", found.reason, found.lost)
            await self._end(trial)
        else:
            await self.settle(trial)

    async def _watched(self, trial: Trial) -> Verdict:
        """Until there is a verdict. The time is this start's own: after a power cut it begins anew."""
        began_ns = self._clock.monotonic_ns()
        since_s: dict[str, float] = {}
        while True:
            elapsed_s = (self._clock.monotonic_ns() - began_ns) / 1e9
            since_s = lost_since(since_s, lost(trial.before, self._look(), self._configured), elapsed_s)
            found = verdict(since_s, elapsed_s, trial.within_s)
            if found.word is not Word.WAIT:
                return found
            await self._clock.sleep(LOOK_S)

    async def _end(self, trial: Trial) -> None:
        now = await asyncio.to_thread(self._file.read)
        if now is None or now.id != trial.id or now.outcome:  # somebody on site was first
            return
        await asyncio.to_thread(self._file.note, trial)
        if trial.outcome == "kept":
            log.info("the %s of %s is kept", trial.what, trial.began)
            await self.settle(trial)
            return
        log.warning("the %s of %s is undone: %s %s", trial.what, trial.began, trial.reason, " ".join(trial.lost))
        await asyncio.to_thread(self._kinds[trial.what].undo, trial)
        self._restart()

    async def settle(self, trial: Trial) -> None:
        """Its end becomes an event, once; then it is history."""
        kind = self._kinds[trial.what]
        event, id_ = draft(kind.told(trial), self._clock.now()), trial.id.encode()

        def tell(transaction: Transaction) -> None:
            if transaction.recall(FACT) != id_:
                transaction.put(event)
                transaction.remember(FACT, id_)

        await self._outbox.transact(tell)
        await asyncio.to_thread(kind.settled, trial)
        await asyncio.to_thread(self._file.remove)
