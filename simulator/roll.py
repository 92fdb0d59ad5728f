"""A school of two shifts, as its office would write it down: classes, children, cards, who may eat by which programme.

Made up from a seed: the same seed, the same school. Days are the school's own. Pure.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

GRADES = range(1, 12)
LETTERS = "АӘБВГДЕЖЗИ"
LATE_GRADES = frozenset({2, 3, 6, 7})  # of the second shift
HABITS = {"plain": 0, "two_cards": 12, "blocked": 6}  # of those who eat: how many have more than one card
TERM_DAYS = 60
CARD_PREFIX = 0x6F  # of this school's cards; strangers' begin with another
STRANGERS_PREFIX = 0x70


class SchoolClass(NamedTuple):
    name: str
    shift: int


class Child(NamedTuple):
    """One pupil. Cards are the five bytes of an EM4100 chip."""

    id: str  # of the school's office
    class_: str
    cards: tuple[bytes, ...]
    blocked: tuple[bytes, ...] = ()  # lost, and found by somebody


class Right(NamedTuple):
    """From first to last this child has these meals by this programme."""

    child: str
    programme: str
    first: date
    last: date


class Programme(NamedTuple):
    """Who pays, and how much a meal costs from which day on."""

    name: str
    tariffs: tuple[tuple[date, int], ...]

    def tenge(self, day: date) -> int:
        return [tenge for first, tenge in self.tariffs if first <= day][-1]


class Roll(NamedTuple):
    """The whole school on one day."""

    day: date
    classes: list[SchoolClass]
    children: list[Child]
    operators: list[tuple[str, bytes]]  # of the canteen: id, card
    programmes: list[Programme]
    rights: list[Right]

    def eaters(self) -> list[Child]:
        """Who is entitled today, in the order of the roll."""
        entitled = self.programme_of()
        return [child for child in self.children if child.id in entitled]

    def programme_of(self) -> dict[str, str]:
        """By which programme each entitled child eats today."""
        return {right.child: right.programme for right in self.rights if right.first <= self.day <= right.last}

    def due(self) -> dict[str, tuple[str, int]]:
        """What one meal of each entitled child is worth today: programme and tenge."""
        tenge = {programme.name: programme.tenge(self.day) for programme in self.programmes}
        return {child: (programme, tenge[programme]) for child, programme in self.programme_of().items()}

    def first_day(self) -> date:
        return self.day - timedelta(days=TERM_DAYS)

    def last_day(self) -> date:
        return self.day + timedelta(days=TERM_DAYS)


def made_up(day: date, *, seed: int = 7, pupils: int = 3_000, eaters: int = 600) -> Roll:
    """A school. Half of those who eat do so by each programme; some others' right has ended yesterday."""
    chance = random.Random(seed)
    classes = [
        SchoolClass(f"{grade}{letter}", 2 if grade in LATE_GRADES else 1) for grade in GRADES for letter in LETTERS
    ]
    children = [_child(number, classes[number % len(classes)].name) for number in range(1, pupils + 1)]
    chosen = chance.sample(range(pupils), min(pupils, eaters + eaters // 20))
    who_eats, whose_has_ended = chosen[:eaters], chosen[eaters:]
    for place, habit in zip(who_eats, _habits(), strict=False):
        children[place] = _with_habit(children[place], habit)
    programmes = _programmes(day)
    term = timedelta(days=TERM_DAYS)
    rights = [
        Right(children[place].id, programmes[turn % 2].name, day - term, day + term)
        for turn, place in enumerate(who_eats)
    ]
    ended = day - timedelta(days=1)
    rights += [Right(children[place].id, programmes[0].name, day - term, ended) for place in whose_has_ended]
    operators = [(f"canteen-{number}", _card(CARD_PREFIX, 0xF0_0000 + number)) for number in (1, 2)]
    return Roll(day, classes, children, operators, programmes, rights)


def strangers() -> Iterator[bytes]:
    """Cards that nobody here has."""
    for number in range(1, 1 << 24):
        yield _card(STRANGERS_PREFIX, number)


def _child(number: int, class_: str) -> Child:
    return Child(f"P{number:05d}", class_, (_card(CARD_PREFIX, number),))


def _habits() -> Sequence[str]:
    return [habit for habit, count in HABITS.items() for _ in range(count)]


def _with_habit(child: Child, habit: str) -> Child:
    """Two good cards, or one that was lost and blocked beside a new one."""
    number = int.from_bytes(child.cards[0][2:], "big")
    second = _card(CARD_PREFIX, 0xE0_0000 + number)
    if habit == "two_cards":
        return child._replace(cards=(*child.cards, second))
    return child._replace(cards=(second,), blocked=child.cards)


def _card(prefix: int, number: int) -> bytes:
    return bytes([prefix, 0]) + number.to_bytes(3, "big")


def _programmes(day: date) -> list[Programme]:
    """The tariffs of both have changed this month, and will change again."""
    before, lately, soon = day - timedelta(days=TERM_DAYS), day - timedelta(days=3), day + timedelta(days=9)
    return [
        Programme("primary", ((before, 560), (lately, 640), (soon, 700))),
        Programme("social", ((before, 790), (lately, 855), (soon, 910))),
    ]
