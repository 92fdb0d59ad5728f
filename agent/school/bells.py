"""What the school's rules do without a tap: at bells, at the end of a club, when the clock is trusted again.

Each part has a commit of its own, so that one that fails does not keep the others from theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from agent.book import Book
from agent.clock import Clock
from agent.outbox.group import Transaction
from agent.school import club_reader, forgetting, meal_suspicions, roll_call, undated
from agent.school.defects import Defects
from agent.school.tapped import Tick

LOOK_S = 20.0
TICKS: dict[str, Tick] = {  # what is done, by its name
    "clubs": club_reader.end_overdue,
    "attendance": roll_call.tell,
    "meals dated": undated.tick,
    "meals counted": meal_suspicions.tick,
    "old meals": forgetting.tick,
}
Transact = Callable[[Callable[[Transaction], Any]], Awaitable[Any]]


class Bells:
    """One per box. `book` gives the reference data of the moment."""

    def __init__(
        self,
        transact: Transact,
        book: Callable[[], Book],
        clock: Clock,
        defects: Defects,
        ticks: Mapping[str, Tick] = TICKS,
    ) -> None:
        self._transact = transact
        self._book = book
        self._clock = clock
        self._defects = defects
        self._ticks = ticks

    async def run(self) -> None:
        """Runs for ever."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Once round."""
        for name, tick in self._ticks.items():
            work = partial(_tick, tick=tick, book=self._book(), clock=self._clock)
            (outcome,) = await asyncio.gather(self._transact(work), return_exceptions=True)
            if isinstance(outcome, Exception):
                self._defects.failed(name, outcome)
            else:
                self._defects.passed(name)


def _tick(transaction: Transaction, *, tick: Tick, book: Book, clock: Clock) -> None:
    tick(transaction, book, clock.now(), clock.boot_id)
