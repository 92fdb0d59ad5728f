"""The pause before the next try to connect, which an alarm cuts short: it waits for a new try, not for an old pause.

Not for ever: after URGENT_FOR_S without another alarm the pauses grow again, so that a city in trouble does not storm
a broker that is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent.clock import Clock
from agent.model import Lane
from agent.sync.link import URGENT_FOR_S, backoff_s

NANO = 1_000_000_000


class Pause:
    """One per link. jitter gives 0..1."""

    def __init__(self, clock: Clock, jitter: Callable[[], float]) -> None:
        self._clock, self._jitter = clock, jitter
        self._alarmed = asyncio.Event()
        self._urgent_until_ns = 0

    def accepted(self, lanes: set[Lane]) -> None:
        """Events of these lanes are to be sent."""
        if Lane.ALARM in lanes:
            self._urgent_until_ns = self._clock.monotonic_ns() + round(URGENT_FOR_S * NANO)
            self._alarmed.set()

    async def before_try(self, failures: int) -> None:
        """After so many failures in a row."""
        self._alarmed.clear()
        if self._urgent():
            await self._sleep(failures)
        elif await self._alarm_comes_in(failures):
            await self._sleep(failures)  # a short one: not all at once, where a whole city is alarmed

    def _urgent(self) -> bool:
        return self._clock.monotonic_ns() < self._urgent_until_ns

    async def _sleep(self, failures: int) -> None:
        await self._clock.sleep(backoff_s(failures, self._jitter(), urgent=self._urgent()))

    async def _alarm_comes_in(self, failures: int) -> bool:
        """Whether an alarm comes before the pause is over; waits no longer than for the first of them."""
        tasks = asyncio.ensure_future(self._sleep(failures)), asyncio.ensure_future(self._alarmed.wait())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return not tasks[0].done()
        finally:
            for task in tasks:
                task.cancel()
