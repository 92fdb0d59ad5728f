"""What the leaves add up to, month by month: what is to be paid for.

Month   of the school's day; empty while nobody knows the day. A dated line moves a meal from no day to its day, so that
        the months together are the statements together: granted and forgotten, less reversed and not counted.
Once    an event that was issued again, in another log, is counted where it came first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from agent.ledger.lines import Line

MONTH_CHARS = 7


class Amount(msgspec.Struct, frozen=True):
    """So many of one programme or club at one tariff."""

    what: str
    tenge: int  # for one
    count: int


class Month(msgspec.Struct, frozen=True):
    """One month. An empty month is that of meals whose day is not known."""

    month: str
    meals: int
    meals_tenge: int
    visits: int
    visits_tenge: int
    programmes: list[Amount]
    clubs: list[Amount]


def months(lines: Mapping[Line, int]) -> list[Month]:
    """The sums of lines with their counts."""
    meals: dict[str, Counter[tuple[str, int]]] = {}
    visits: dict[str, Counter[tuple[str, int]]] = {}
    for (kind, day, what, tenge), count in lines.items():
        for month, sign in _moves(kind, day[:MONTH_CHARS]):
            where = visits if kind == "visit" else meals
            where.setdefault(month, Counter())[what, tenge] += sign * count
    return [
        _month(month, meals.get(month, Counter()), visits.get(month, Counter())) for month in sorted(meals | visits)
    ]


def _moves(kind: str, month: str) -> list[tuple[str, int]]:
    """In which months one of a kind counts, and how often."""
    match kind:
        case "granted" | "forgotten" | "visit":
            return [(month, 1)]
        case "reversed":
            return [(month, -1)]
        case "dated":
            return [(month, 1), ("", -1)]
        case "not_counted":
            return [("", -1)]
        case _:
            return []


def _month(month: str, meals: Counter[tuple[str, int]], visits: Counter[tuple[str, int]]) -> Month:
    return Month(
        month=month,
        meals=sum(meals.values()),
        meals_tenge=sum(tenge * count for (_, tenge), count in meals.items()),
        visits=sum(visits.values()),
        visits_tenge=sum(tenge * count for (_, tenge), count in visits.items()),
        programmes=_amounts(meals),
        clubs=_amounts(visits),
    )


def _amounts(counts: Counter[tuple[str, int]]) -> list[Amount]:
    return [Amount(what, tenge, count) for (what, tenge), count in sorted(counts.items()) if count]
