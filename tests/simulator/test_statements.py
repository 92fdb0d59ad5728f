"""Statements are counted again: one that is right, and each way in which one can be wrong, with its words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from simulator import statements
from simulator.roll import made_up
from simulator.statements import Sum
from tests.simulator.rush_events import Book, Event

ROLL = made_up(date(2026, 11, 26), pupils=60, eaters=20)
WHO = [child.id for child in ROLL.eaters()]


def book() -> Book:
    made = Book(ROLL)
    for child in WHO[:3]:
        made.grant(child)
    made.reverse(WHO[0])
    made.put("suspicion", {"rule": "too_fast", "day": f"{ROLL.day}"}, leaf=False)
    made.state()
    made.date(made.grant(WHO[4], day=""), counted=False)
    made.forgotten()
    made.state()
    return made


def test_right_statements() -> None:
    events = book().events
    tenge = sum(ROLL.due()[child][1] for child in WHO[1:3])
    assert statements.wrong(events) == []
    assert not any(statements.unstated(events).values())
    sums = [Sum(*(data[field] for field in Sum._fields)) for data in statements.of(events)]
    assert sums == [Sum(2, tenge, 0, 0, 1), Sum(1, 0)]
    assert statements.added(sums) == Sum(3, tenge, 0, 0, 1)


def _remove_leaf(events: list[Event]) -> None:
    del events[2]


def _say_more(events: list[Event]) -> None:
    events[6]["data"]["lines"][0]["count"] += 1


def _total(events: list[Event]) -> None:
    events[6]["data"]["meals_tenge"] += 5


def _range(events: list[Event]) -> None:
    events[6]["data"]["first"] = 1


def _tariff(events: list[Event]) -> None:
    events[2]["data"]["tenge"] += 1


def _suspicion(events: list[Event]) -> None:
    del events[5]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_remove_leaf, "the centre holds 4 leaves of 0 to 5"),
        (_say_more, "and there are"),
        (_total, "adds up to"),
        (_range, "says leaves 1 to 5, and it stands for 0 to 5"),
        (_tariff, "and there are"),
        (_suspicion, "says 1 suspicion"),
    ],
)
def test_what_differs_is_named(spoil: Callable[[list[Event]], None], words: str) -> None:
    events = book().events
    spoil(events)
    assert any(words in what for what in statements.wrong(events)), statements.wrong(events)


def test_what_no_statement_has_taken_up_is_left() -> None:
    made = book()
    made.grant(WHO[5])
    (left,) = statements.unstated(made.events).values()
    assert [(line.kind, count) for line, count in left.items()] == [("granted", 1)]
