"""Brings the box to the version that the centre wants: fetch, install, wait for the hour, switch, step by step.

Each step is on the disk before the next begins, so a power cut costs nothing but time. What fails is told to the centre
and to the technician, and is tried again where that may help. The version that runs is never left for one that has not
been built whole. A part of agent/box.py; runs for ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from agent import __version__
from agent.clock import Clock
from agent.datasets import Calendar
from agent.events import draft
from agent.model import Draft
from agent.outbox.troubles import Trouble
from agent.trials.trial import Trial
from agent.trials.watch import Busy
from agent.update_events import UpdateFailed
from agent.updates.fetch import FetchError, fetch
from agent.updates.hour import CLOCK, waits_for
from agent.updates.staged import Outcome, Shelf, Staged, Step

log = logging.getLogger("agent.updates")

LOOK_S = 30.0
ANSWER_LOOK_S = 1.0
ANSWER_S = 1_800.0  # a version is built on a slow card
PAUSE_S = 600.0  # after something that may be better later
TRIAL_BUSY, RUNNING = "another_trial", "running"
SILENT = "root does not answer: is mektep-update.path running?"
Begin = Callable[[str, str, int, dict[str, str], int], Awaitable[Trial]]


class Updater:
    """One per box."""

    def __init__(
        self,
        shelf: Shelf,
        clock: Clock,
        *,
        authority: Path,
        calendar: Callable[[], Calendar | None],
        needed: Callable[[], bool],
        begin: Begin,
        drop: Callable[[Trial], Awaitable[None]],
        record: Callable[[Sequence[Draft]], Awaitable[object]],
        running: str = __version__,
    ) -> None:
        self._shelf, self._clock, self._authority, self._running = shelf, clock, authority, running
        self._calendar, self._needed, self._begin, self._record = calendar, needed, begin, record
        self._drop = drop
        self._staged_anew, self._writing = asyncio.Event(), asyncio.Lock()
        self._trouble: list[Trouble] = []

    async def stage(self, staged: Staged) -> str:
        """A version that is to run; it takes the place of one that waits. Returns the word for the centre."""
        async with self._writing:
            now = await asyncio.to_thread(self._shelf.read)
            if now is not None and (now.order == staged.order or now.step is Step.TRIAL):
                return now.step.value
            if staged.version == self._running:  # this is how a staged one is called off
                staged = msgspec.structs.replace(staged, step=Step.OVER, said=RUNNING)
            await asyncio.to_thread(self._shelf.note, staged)
            await asyncio.to_thread(self._shelf.tidy, staged)
        self._staged_anew.set()
        return staged.said or staged.step.value

    def trouble(self) -> list[Trouble]:
        return self._trouble

    async def run(self) -> None:
        while True:
            self._staged_anew.clear()
            staged = await asyncio.to_thread(self._shelf.read)
            pause_s = await self._one_step(staged) if staged is not None else None
            await self._wait(pause_s)

    async def _wait(self, pause_s: float | None) -> None:
        """Until something new is staged, or so long; None: for ever."""
        anew = asyncio.ensure_future(self._staged_anew.wait())
        waits = [anew] if pause_s is None else [anew, asyncio.ensure_future(self._clock.sleep(pause_s))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def _one_step(self, staged: Staged) -> float | None:
        """Do what is due. Returns how long to wait then; None: nothing more is to be done."""
        match staged.step:
            case Step.FETCH:
                return await self._fetch(staged)
            case Step.INSTALL:
                return await self._install(staged)
            case Step.SWITCH:
                return await self._switch(staged)
            case Step.TRIAL | Step.OVER:
                return None

    async def _fetch(self, staged: Staged) -> float | None:
        try:
            await fetch(staged, self._shelf.archive(staged), self._authority, self._pause)
        except (FetchError, OSError) as error:
            again = not isinstance(error, FetchError) or error.again
            return await self._failed(staged, Step.FETCH, str(error), again=again)
        self._trouble = []
        await self._note(staged, Step.INSTALL)
        return 0.0

    async def _pause(self, seconds: float) -> None:
        """Between two pieces; a fetch of hours ends here when another version is wanted."""
        if self._staged_anew.is_set():
            raise FetchError("another version is wanted", again=True)
        await self._clock.sleep(seconds)

    async def _install(self, staged: Staged) -> float | None:
        if not self._clock.now().synced:  # root looks whether it was signed in the future
            await self._note(staged, Step.INSTALL, CLOCK)
            return LOOK_S
        outcome = await self._ask_root(do="install", archive=self._shelf.archive(staged).name)
        if outcome is None or not outcome.done:
            said = outcome.said if outcome else SILENT
            return await self._failed(staged, Step.INSTALL, said, again=outcome is None or outcome.again)
        self._trouble = []
        await self._note(staged, Step.SWITCH)
        return 0.0

    async def _switch(self, staged: Staged) -> float | None:
        if staged.version == self._running:  # root was quicker than a power cut
            await self._note(staged, Step.OVER, RUNNING)
            return 0.0
        why = waits_for(staged, self._clock.now(), self._calendar(), needed=self._needed())
        if why:
            await self._note(staged, Step.SWITCH, why)
            return LOOK_S
        change = {"from": self._running, "to": staged.version}
        try:
            trial = await self._begin("update", "centre", staged.within_s, change, staged.order)
        except Busy:
            await self._note(staged, Step.SWITCH, TRIAL_BUSY)
            return LOOK_S
        log.warning("version %s takes over from %s", staged.version, self._running)
        await self._note(staged, Step.TRIAL)
        outcome = await self._ask_root(do="use", version=staged.version)
        if outcome is not None and outcome.done:
            return None  # we are ended by now, or soon
        await asyncio.to_thread(self._shelf.withdraw)
        await self._drop(trial)
        if outcome is not None and outcome.again:  # it is to be built once more
            await self._note(staged, Step.INSTALL, outcome.said)
            return 0.0
        return await self._failed(staged, Step.SWITCH, SILENT if outcome is None else outcome.said, again=False)

    async def _ask_root(self, **words: str) -> Outcome | None:
        """None: nobody answers."""
        wish = await asyncio.to_thread(self._shelf.wish, **words)
        until_ns = self._clock.monotonic_ns() + int(ANSWER_S * 1e9)
        while self._clock.monotonic_ns() < until_ns:
            if (found := await asyncio.to_thread(self._shelf.answer, wish)) is not None:
                return found
            await self._clock.sleep(ANSWER_LOOK_S)
        return None

    async def _note(self, staged: Staged, step: Step, said: str = "") -> None:
        """Unless another version was staged meanwhile."""
        now = msgspec.structs.replace(staged, step=step, said=said)
        async with self._writing:
            if now != staged and await self._is_wanted(staged):
                await asyncio.to_thread(self._shelf.note, now)

    async def _is_wanted(self, staged: Staged) -> bool:
        now = await asyncio.to_thread(self._shelf.read)
        return now is not None and now.order == staged.order

    async def _failed(self, staged: Staged, step: Step, said: str, *, again: bool) -> float | None:
        log.warning("version %s: %s", staged.version, said)
        if not await self._is_wanted(staged):
            return 0.0
        what = f"version {staged.version} cannot be had: {said}"
        do = "Nothing on site; tell the centre. The version that runs is not touched."
        since_ns = self._trouble[0].since_ns if self._trouble else self._clock.utc_ns()
        self._trouble = [Trouble(code="G-120", what=what, do=do, since_ns=since_ns)]
        if again:
            await self._note(staged, step, said)
            return PAUSE_S
        failed = UpdateFailed(version=staged.version, step=step.value, said=said[:500], order=staged.order)
        await self._record([draft(failed, self._clock.now())])
        await self._note(staged, Step.OVER, said)
        return None
