"""Meals of today that the centre knows from another box of this school: a replaced box refuses what was eaten.

Bounded  only the newest list is kept: each is whole. PIECE meals a commit: taps go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from agent.clock import Clock
from agent.events import draft
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school.defects import Defects
from agent.school.meal_rows import State
from agent.school_events import Suspicion

PIECE = 100
HERE = "select leaf, state, reader from meal where day = ? and meal = ? and pupil = ?"
INSERT = """
insert into meal (pupil, day, meal, programme, tenge, state, utc_ns, boot, monotonic_ns, reader, leaf)
values (?, ?, ?, '', 0, ?, ?, '', 0, '', '')
"""
Transact = Callable[[Callable[[Transaction], None]], Awaitable[None]]


class Told(msgspec.Struct, frozen=True):
    """One meal as the welcome names it."""

    day: str
    meal: str
    pupil: str


class Grants:
    """One per box: `tell` takes a welcome's list, `run` brings it to the table."""

    def __init__(self, transact: Transact, clock: Clock, defects: Defects) -> None:
        self._transact = transact
        self._clock = clock
        self._defects = defects
        self._newest: Sequence[str] = ()
        self._told = asyncio.Event()

    def tell(self, grants: Sequence[str]) -> None:
        """Returns at once."""
        self._newest = grants
        self._told.set()

    async def run(self) -> None:
        """Runs for ever."""
        while True:
            await self._told.wait()
            self._told.clear()
            told = [parsed(one) for one in self._newest]
            pieces = [told[first : first + PIECE] for first in range(0, len(told), PIECE)]
            for piece in pieces:
                (outcome,) = await asyncio.gather(
                    self._transact(partial(take, told=piece, now=self._clock.now())), return_exceptions=True
                )
                if isinstance(outcome, Exception):
                    self._defects.failed("grants", outcome)
                else:
                    self._defects.passed("grants")


def parsed(text: str) -> Told:
    """A grant, `day/meal/pupil`. Raises ValueError."""
    day, meal, pupil = text.split("/")
    return Told(day, meal, pupil)


def take(transaction: Transaction, told: Sequence[Told], now: Moment) -> None:
    """Insert what is not known yet. A meal that was given here as well is reported once, and counts where it counts."""
    epoch = f"{transaction.numbering.epoch}/"
    for one in told:
        here = transaction.execute(HERE, (one.day, one.meal, one.pupil)).fetchall()
        if not all(leaf.startswith(epoch) for leaf, _, _ in here):
            continue  # told before, or this box itself gave it in an earlier epoch
        readers = [reader for _, state, reader in here if state == State.GRANTED]
        state = State.NOT_COUNTED if readers else State.GRANTED
        transaction.execute(INSERT, (one.pupil, one.day, one.meal, state, transaction.recorded_ns))
        if readers:
            twice = Suspicion(rule="meal_twice", day=one.day, reader=readers[0], pupil=one.pupil, other=one.meal)
            transaction.put(draft(twice, now, source=readers[0]))
