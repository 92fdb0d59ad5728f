"""A small school with a canteen, on a real outbox: cards are shown, time passes, the box restarts.

Meals   breakfast 08:00-09:30, lunch 11:00-13:00 for the first shift, 14:00-15:00 for the second
Pupils  numbered from 1; CARD and KEY give a pupil's card and key. Monday 2026-09-07 is a school day
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from agent.book import Book
from agent.datasets import (
    Bell,
    Calendar,
    Cards,
    Entitlement,
    Meal,
    Meals,
    Programme,
    Pupil,
    SchoolClass,
    Shift,
    Span,
    Staff,
    Tariff,
)
from agent.model import Lane, Moment
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.school import forgetting, meal_suspicions, meal_tap, undated
from agent.school.purpose import Purpose
from agent.school.tapped import Tapped
from drivers.readings import Light
from tests.agent.outbox.box import events, opened
from tests.clock import FastClock

OFFSET_MIN = 300
OPERATOR, OTHER_OPERATOR, TEACHER = "f" * 16, "e" * 16, "d" * 16
OPERATOR_CARD, OTHER_OPERATOR_CARD, TEACHER_CARD = "f" * 32, "e" * 32, "d" * 32
MONDAY = "2026-09-07"


def key(pupil: int) -> str:
    return f"{pupil:016x}"


def card(pupil: int) -> str:
    return f"{pupil:032x}"


def old_card(pupil: int) -> str:
    """Blocked."""
    return f"b{pupil:031x}"


def utc_ns(day: str, time: str) -> int:
    """A moment at the school."""
    moment = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC)
    return round(moment.timestamp() * 1e9) - OFFSET_MIN * 60 * 10**9


def calendar(**changed: Any) -> Calendar:
    usual: dict[str, Any] = {
        "utc_offset_min": OFFSET_MIN,
        "first": "2026-09-01",
        "last": "2027-05-25",
        "weekdays": [1, 2, 3, 4, 5],
        "holidays": [Span(first="2026-11-02", last="2026-11-08")],
        "workdays": ["2026-09-12"],  # a Saturday
        "shifts": [Shift(shift=1, bells=[Bell(lesson=1, starts="08:00", ends="08:45")])],
    }
    return Calendar(**usual | changed)


def cards(pupils: Sequence[int] = range(1, 41)) -> Cards:
    """Every tenth pupil is in the second shift."""
    return Cards(
        card_key="A" * 43 + "=",
        classes=[SchoolClass(name="5А", shift=1), SchoolClass(name="9Б", shift=2)],
        pupils=[
            Pupil(
                pupil=key(one),
                class_="9Б" if one % 10 == 0 else "5А",
                cards=[card(one)],
                blocked=[old_card(one)],
            )
            for one in pupils
        ],
        staff=[
            Staff(staff=OPERATOR, cards=[OPERATOR_CARD], may=["meals"]),
            Staff(staff=OTHER_OPERATOR, cards=[OTHER_OPERATOR_CARD], may=["meals", "incidents"]),
            Staff(staff=TEACHER, cards=[TEACHER_CARD], may=["incidents"]),
        ],
    )


def entitled(
    pupil: int, *meals: str, programme: str = "free", first: str = "2026-09-01", last: str = "2027-05-25"
) -> Entitlement:
    return Entitlement(pupil=key(pupil), programme=programme, meals=list(meals) or ["lunch"], first=first, last=last)


def meals(entitlements: Sequence[Entitlement], **changed: Any) -> Meals:
    usual: dict[str, Any] = {
        "meals": [
            Meal(meal="breakfast", starts="08:00", ends="09:30"),
            Meal(meal="lunch", starts="11:00", ends="13:00", shifts=[1]),
            Meal(meal="lunch", starts="14:00", ends="15:00", shifts=[2]),
        ],
        "programmes": [
            Programme(
                programme="free",
                tariffs=[Tariff(first="2026-09-01", tenge=850), Tariff(first="2026-10-01", tenge=920)],
            ),
            Programme(programme="social", tariffs=[Tariff(first="2026-09-01", tenge=400)]),
        ],
        "entitlements": list(entitlements),
    }
    return Meals(**usual | changed)


ENTITLEMENTS = [
    *(entitled(one) for one in range(1, 21)),
    *(entitled(one, "breakfast", "lunch") for one in range(21, 31)),
]


def book(
    entitlements: Sequence[Entitlement] = ENTITLEMENTS, *, issued: str = "2026-09-07", **changed: msgspec.Struct | None
) -> Book:
    """`issued`: the day on which the centre issued all of it; a dataset of None is missing."""
    usual: dict[str, msgspec.Struct | None] = {
        "cards": cards(),
        "calendar": calendar(),
        "meals": meals(entitlements),
    }
    datasets = {name: one for name, one in (usual | changed).items() if one is not None}
    return Book(datasets, dict.fromkeys(datasets, utc_ns(issued, "00:00")))


class Canteen:
    """The box of this school while it runs."""

    def __init__(self, outbox: Outbox, clock: FastClock, book: Book) -> None:
        self.outbox = outbox
        self.clock = clock
        self.book = book

    def at(self, time: str, day: str = MONDAY) -> None:
        """Time passes until then."""
        self.clock.advance((utc_ns(day, time) - self.clock.now_ns) / 1e9)

    def tap(self, card: str, reader: str = "canteen-1") -> Tapped:
        moment = self.clock.now()
        return Tapped(
            reader=reader, purpose=Purpose.MEALS, form="em4100", card=card, at=moment, boot=self.clock.boot_id
        )

    async def shows(self, card: str, reader: str = "canteen-1") -> Light:
        """A card is shown to a reader, and a moment passes."""
        tap = self.tap(card, reader)
        light = await self.outbox.transact(lambda transaction: meal_tap.tapped(transaction, self.book, tap))
        self.clock.advance(2)
        return light

    async def eats(self, pupil: int, reader: str = "canteen-1") -> Light:
        return await self.shows(card(pupil), reader)

    async def ticks(self, times: int = 1) -> None:
        """What the box does without a tap."""
        now = self.clock.now()
        for tick in (undated.tick, meal_suspicions.tick, forgetting.tick) * times:
            await self.outbox.transact(partial(tick, book=self.book, now=now, boot=self.clock.boot_id))

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return await self.outbox.transact(lambda transaction: transaction.execute(sql).fetchall())

    async def run(self, sql: str, *args: Any) -> None:
        await self.outbox.transact(lambda transaction: transaction.execute(sql, args))

    async def steps(self, work: Callable[[Transaction], object]) -> int:
        """How much SQLite does for it, in hundreds of its steps."""

        def counted(transaction: Transaction) -> int:
            steps = 0

            def step() -> int:
                nonlocal steps
                steps += 1
                return 0

            transaction.db.set_progress_handler(step, 100)
            work(transaction)
            transaction.db.set_progress_handler(None, 0)
            return steps

        return await self.outbox.transact(counted)

    async def said(self, word: str) -> list[Mapping[str, Any]]:
        """The data of all events of a kind, e.g. meal.granted."""
        return [
            event["data"] for event in await events(self.outbox, Lane.RECORD) if event["type"] == f"kz.mektep.{word}.v1"
        ]

    async def lines(self) -> dict[tuple[str, str, str, int], int]:
        """What the next statement would say."""
        return {
            (kind, day, what, tenge): count
            for kind, day, what, tenge, count in await self.rows("select kind, day, what, tenge, count from tally")
        }


@contextlib.asynccontextmanager
async def canteen(
    folder: Path, of: Book | None = None, *, time: str = "11:30", day: str = MONDAY, synced: bool = True
) -> AsyncIterator[Canteen]:
    clock = FastClock(utc_ns(day, time), synced=synced)
    async with opened(folder / "outbox.db", clock=clock) as outbox:
        yield Canteen(outbox, clock, of or book())


def moment(time: str, day: str = MONDAY, *, synced: bool = True, monotonic_ns: int = 10**15) -> Moment:
    return Moment(utc_ns(day, time), monotonic_ns, synced)
