"""From a card to its light: the decision is on disk before the reader shows green.

No commit within WAIT_AFTER_S (stuck card, foreign lock): the reader shows wait, never green. The tap stays in the
outbox's queue and is recorded when the database answers.

Bounded  TAPS_WAITING taps of one box; beyond that a tap shows wait at once and is not taken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from agent.model import Draft, Place
from drivers.readings import Light

log = logging.getLogger("agent.taps")

WAIT_AFTER_S = 2.0
TAPS_WAITING = 512

Accept = Callable[[Sequence[Draft]], Awaitable[list[Place]]]


class TapPath:
    """Joins readers with the outbox."""

    def __init__(self, accept: Accept) -> None:
        self._accept = accept
        self._late: set[asyncio.Future[list[Place]]] = set()
        self.not_taken = 0

    async def take(self, draft: Draft) -> Light:
        """Record the tap; the light tells whether that is durable by now."""
        if len(self._late) >= TAPS_WAITING:
            self.not_taken += 1
            return Light.WAIT
        accepted = asyncio.ensure_future(self._accept([draft]))
        done, _ = await asyncio.wait({accepted}, timeout=WAIT_AFTER_S)
        if not done:
            self._late.add(accepted)
            accepted.add_done_callback(self._came_late)
            return Light.WAIT
        accepted.result()
        return Light.ACCEPTED

    def _came_late(self, accepted: asyncio.Future[list[Place]]) -> None:
        self._late.discard(accepted)
        if not accepted.cancelled() and (error := accepted.exception()):
            log.error("a tap that showed wait could not be recorded: %s", error)
