"""A canteen through days of taps, restarts, newer data and a clock that comes and goes; beside it, the true time.

What the box knows is in its tables; what is true is here: when each tap was, on the school's wall.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent.book import Book
from agent.school import meal_tap
from agent.school.calendar import is_school_day, local
from agent.school.grants import Told, take
from agent.school.rights import is_open, windows
from drivers.readings import Light
from tests.agent.outbox.box import opened
from tests.agent.school.canteen import OPERATOR_CARD, Canteen, book, card, entitled, key, utc_ns
from tests.clock import FastClock

T = TypeVar("T")
READERS = ("canteen-1", "canteen-2")
BOTH = ("breakfast", "lunch")
PUPILS = (1, 2, 3, 4, 10)
BOOKS = [  # what the centre may publish; none of it is ever stale here
    book(entitlements, issued="2026-12-31")
    for entitlements in (
        [entitled(1), entitled(2), entitled(3, *BOTH), entitled(4, *BOTH, programme="social"), entitled(10)],
        [entitled(1), entitled(3, *BOTH), entitled(4, "breakfast", programme="social"), entitled(4), entitled(10)],
        [entitled(1, last="2026-09-29"), entitled(2, first="2026-09-30"), entitled(3), entitled(10, *BOTH)],
        [],
    )
]
SIGN = {"granted": 1, "forgotten": 1, "reversed": -1, "not_counted": -1}


class Row(msgspec.Struct, frozen=True):
    """A meal as the box has it, and when it truly was."""

    pupil: str
    day: str
    meal: str
    tenge: int
    state: int
    boot: str
    leaf: str
    monotonic_ns: int
    true_ns: int

    @property
    def key(self) -> tuple[str, int]:
        """Of its tap."""
        return self.boot, self.monotonic_ns


class Days:
    """The school, its box, and the true time."""

    def __init__(self, starts: str, data: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="meals-"))
        self.loop = asyncio.new_event_loop()
        self.true_ns = utc_ns(starts, "07:30")
        self.clock = FastClock(self.true_ns)
        self.boots = 0
        self.true_of: dict[tuple[str, int], int] = {}  # boot, monotonic -> the true time of a tap
        self.published: list[tuple[int, Book]] = []  # since when which data were in force
        self.due: set[tuple[str, int]] = set()  # taps of a child that had a right to the meal and had not eaten it
        self.stack = AsyncExitStack()
        self.school = self.do(self._open(BOOKS[data]))
        self.publish(data)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.do(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.folder)

    async def _open(self, of: Book) -> Canteen:
        outbox = await self.stack.enter_async_context(opened(self.folder / "outbox.db", clock=self.clock))
        return Canteen(outbox, self.clock, of)

    # --- what happens -------------------------------------------------------------------------------------------------

    def passes(self, seconds: float) -> None:
        self.true_ns += round(seconds * 1e9)
        self.clock.advance(seconds)

    def until(self, time: str, days: int = 0) -> None:
        """The next time that the wall shows this, and so many days more."""
        seconds = (utc_ns(self.today, time) - self.true_ns) / 1e9
        self.passes(seconds + 86_400 * (days + (seconds <= 0)))

    def restarts(self, *, machine: bool) -> None:
        self.do(self.stack.aclose())
        if machine:
            self.boots += 1
            self.clock.boot_id, self.clock.up_ns = f"boot {self.boots}", 30 * 10**9
        self.school = self.do(self._open(self.school.book))

    def loses_the_clock(self, off_s: int) -> None:
        self.clock.is_synced = False
        self.clock.now_ns = self.true_ns + off_s * 10**9

    def finds_the_clock(self) -> None:
        self.clock.is_synced = True
        self.clock.now_ns = self.true_ns

    def publish(self, number: int) -> None:
        self.school.book = BOOKS[number]
        self.published.append((self.true_ns, BOOKS[number]))

    def shows(self, *shown: tuple[str, str]) -> list[Light]:
        """Cards at readers, all at one moment."""
        taps = [self.school.tap(card, reader) for card, reader in shown]
        self.true_of[self.clock.boot_id, self.clock.up_ns] = self.true_ns

        async def all_at_once() -> list[Light]:
            return await asyncio.gather(
                *(
                    self.school.outbox.transact(lambda work, tap=tap: meal_tap.tapped(work, self.school.book, tap))
                    for tap in taps
                )
            )

        lights = self.do(all_at_once())
        self.passes(2)
        return lights

    def eats(self, pupil: int, *readers: str) -> list[Light]:
        """A child at one reader or at several; what must hold of every tap is checked here."""
        meal = self.served(pupil, self.true_ns)
        eaten = self.has_eaten(pupil, meal)
        certain = self.clock.is_synced and self.has_eaten(pupil, meal, certainly=True)
        due = bool(meal) and self.may_have(pupil, meal, self.today) and not eaten
        if due:
            self.due.add((self.clock.boot_id, self.clock.up_ns))
        before = len(self.rows())
        lights = self.shows(*((card(pupil), reader) for reader in readers))
        assert not due or Light.REFUSED not in lights, "a child goes hungry"
        assert not certain or len(self.rows()) == before, "a meal is given twice, and the box knew"
        return lights

    def operates(self, then: str, reader: str) -> list[Light]:
        return [*self.shows((OPERATOR_CARD, reader)), *self.shows((then, reader))]

    def hears(self, pupil: int, meal: str) -> None:
        """The centre tells of a meal that another box gave today."""
        now, told = self.clock.now(), [Told(self.today, meal, key(pupil))]
        self.do(self.school.outbox.transact(lambda work: take(work, told, now)))

    def ticks(self) -> None:
        """Meals of this boot get their day at once; those that were due are counted."""
        own = {row.key for row in self.rows() if not row.day and row.state == 0 and row.boot == self.clock.boot_id}
        self.do(self.school.ticks())
        if self.clock.is_synced:
            rows = self.rows()
            elsewhere = {(row.pupil, row.day, row.meal) for row in rows if not row.leaf}
            excused = {row.key for row in rows if (row.pupil, row.day, row.meal) in elsewhere}
            counted = {row.key for row in rows if row.state == 0 and row.day}
            assert own & self.due <= counted | excused, "a meal that was due is not counted"

    # --- what is true -------------------------------------------------------------------------------------------------

    @property
    def today(self) -> str:
        return self.day_of(self.true_ns)

    def day_of(self, true_ns: int) -> str:
        return local(true_ns, None).day

    def served(self, pupil: int, true_ns: int) -> str:
        """What is served to a pupil at a true moment; empty if nothing is."""
        when, of = local(true_ns, None), self.school.book
        if not is_school_day(of.calendar, when.day):
            return ""
        shift = of.pupil[key(pupil)].shift
        return next((one.meal for one in windows(of, shift) if is_open(one, when.minute)), "")

    def may_have(self, pupil: int, meal: str, day: str) -> bool:
        """By the data of now."""
        mine = self.school.book.entitlements.get(key(pupil), [])
        return any(meal in one.meals and one.first <= day <= one.last for one in mine)

    def rows(self) -> list[Row]:
        sql = "select pupil, day, meal, tenge, state, boot, leaf, monotonic_ns from meal order by number"
        return [
            Row(*one, true_ns=self.true_of.get((boot, one[-1]), 0))
            for *one, boot in [(*row, row[5]) for row in self.do(self.school.rows(sql))]
        ]

    def has_eaten(self, pupil: int, meal: str, *, certainly: bool = False) -> bool:
        """Whether the child had this meal today, or something at a time when it had a right to nothing.

        certainly  the same, but so that the box must know it by a trusted clock: no time of its own needs guessing
        """
        for row in self.rows():
            if row.pupil != key(pupil) or row.state == 1:
                continue
            was = self.served(pupil, row.true_ns) if row.leaf else row.meal
            day = self.day_of(row.true_ns) if row.leaf else row.day
            known = (bool(row.day) or row.boot == self.clock.boot_id) and row.state == 0 and bool(meal)
            odd = not certainly and not self.may_have(pupil, was, day)
            if day == self.today and (was == meal or odd) and (known or not certainly):
                return True
        return False

    # --- what must hold -----------------------------------------------------------------------------------------------

    def check(self) -> None:
        rows = [row for row in self.rows() if row.leaf]
        counted = [row for row in rows if row.state in (0, 3)]
        settled = [row for row in counted if row.day or row.state == 3]
        self._once(settled)
        self._by_right(settled)
        self._to_the_tenge(counted)

    def _once(self, settled: Sequence[Row]) -> None:
        children = [row for row in settled if row.pupil]
        recorded = Counter((row.pupil, row.day, row.meal) for row in children if row.day)
        assert max(recorded.values(), default=0) <= 1, "a meal is counted twice"
        truly = Counter((row.pupil, self.day_of(row.true_ns)) for row in children)
        for (pupil, day), count in truly.items():
            mine = [row for row in children if (row.pupil, self.day_of(row.true_ns)) == (pupil, day)]
            meals = {meal for row in mine for of in self._in_force(row) for meal in _meals(of, pupil, day)}
            least = int(any(row.state == 3 for row in mine))  # its day will never be known, nor the right to it
            assert count <= max(len(meals), least), "more is counted on a true day than there was a right to"
        assert all(row.day == self.day_of(row.true_ns) for row in settled if row.day), "a meal has another day's date"

    def _by_right(self, settled: Sequence[Row]) -> None:
        for row in settled:
            if row.pupil and row.day:
                held = [row.meal in _meals(of, row.pupil, row.day) for of in self._in_force(row)]
                assert any(held), "a meal is counted to which nobody had a right"

    def _in_force(self, row: Row) -> list[Book]:
        """The data at the tap, and all that came later."""
        before = [of for since_ns, of in self.published if since_ns <= row.true_ns]
        return [before[-1], *(of for since_ns, of in self.published if since_ns > row.true_ns)]

    def _to_the_tenge(self, counted: Sequence[Row]) -> None:
        """The statement's lines say what the rows say; a reversal of another box's meal is a line alone."""
        elsewhere = [row for row in self.rows() if not row.leaf and row.state == 1]
        lines = self.do(self.school.lines())
        meals = sum(SIGN.get(kind, 0) * count for (kind, *_), count in lines.items())
        tenge = sum(SIGN.get(kind, 0) * count * price for (kind, _, _, price), count in lines.items())
        assert meals == len(counted) - len(elsewhere)
        assert tenge == sum(row.tenge for row in counted) - sum(row.tenge for row in elsewhere)

    def ends_well(self) -> None:
        """In the end the clock is found, days pass, and every meal is settled."""
        self.finds_the_clock()
        for _ in range(6):
            self.ticks()
            self.check()
            self.until("07:30")
        assert [row for row in self.rows() if not row.day and row.state == 0] == []


def _meals(of: Book, pupil: str, day: str) -> set[str]:
    """What a pupil may have on a day, by some data."""
    mine = of.entitlements.get(pupil, [])
    return {meal for one in mine if one.first <= day <= one.last for meal in one.meals}
