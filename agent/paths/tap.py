"""From a card to its light: the decision is on disk before the reader shows green.

No commit within WAIT_AFTER_S (stuck card, foreign lock): the reader shows wait, never green. The tap stays in the
outbox's queue and is recorded when the database answers.

Defect   a rule that fails by itself costs nobody his reader: the tap is recorded as seen, the light is wait, and the
         failure is told as a trouble.
Bounded  TAPS_WAITING taps of one box; beyond that a tap shows wait at once and is not taken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from agent.errors import AgentError
from agent.outbox.group import Transaction
from agent.school.defects import Defects
from drivers.readings import Light

log = logging.getLogger("agent.taps")

WAIT_AFTER_S = 2.0
TAPS_WAITING = 512

Decide = Callable[[Transaction], Light]
Transact = Callable[[Decide], Awaitable[Light]]


class TapPath:
    """Joins readers with the outbox."""

    def __init__(self, transact: Transact, defects: Defects) -> None:
        self._transact = transact
        self._defects = defects
        self._late: set[asyncio.Future[Light]] = set()
        self.not_taken = 0

    async def take(
        self, rule: str, decide: Decide, otherwise: Decide, committed: Callable[[], None] = lambda: None
    ) -> Light:
        """Decide about the tap, in the commit that makes it durable; no light but wait before that.

        `otherwise` records the tap if `decide`, the work of this rule, fails by itself. `committed` is called when
        `decide` is durable, be it after the reader has shown wait.
        """
        if len(self._late) >= TAPS_WAITING:
            self.not_taken += 1
            return Light.WAIT
        decided = asyncio.ensure_future(self._decide(rule, decide, otherwise, committed))
        done, _ = await asyncio.wait({decided}, timeout=WAIT_AFTER_S)
        if not done:
            self._late.add(decided)
            decided.add_done_callback(self._came_late)
            return Light.WAIT
        return decided.result()

    async def _decide(self, rule: str, decide: Decide, otherwise: Decide, committed: Callable[[], None]) -> Light:
        (outcome,) = await asyncio.gather(self._transact(decide), return_exceptions=True)
        if isinstance(outcome, Light):
            self._defects.passed(rule)
            committed()
            return outcome
        if isinstance(outcome, AgentError) or not isinstance(outcome, Exception):
            raise outcome
        self._defects.failed(rule, outcome)
        await self._transact(otherwise)
        return Light.WAIT

    def _came_late(self, decided: asyncio.Future[Light]) -> None:
        self._late.discard(decided)
        if not decided.cancelled() and (error := decided.exception()):
            log.error("a tap that showed wait could not be recorded: %s", error)
