"""What reference data say of meals: when each is served, who may have it, what it costs on a day. Pure.

Lapsed  an entitlement that ended where its programme's data end, or the calendar: while the data are stale or the
        calendar is exhausted it still counts. No child goes hungry because the centre was away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from agent.book import Book
from agent.datasets import Entitlement, Meal
from agent.school.calendar import minute_of


class Right(msgspec.Struct, frozen=True):
    """A pupil may have this meal, by this programme, at this price; first and last day as the centre said."""

    meal: str
    programme: str
    tenge: int
    first: str
    last: str


def windows(book: Book, shift: int | None) -> list[Meal]:
    """The meals of a shift by the time they begin; None: of all shifts."""
    found = [one for one in (book.meals.meals if book.meals else []) if shift is None or _is_for(one, shift)]
    return sorted(found, key=lambda one: one.starts)


def is_open(window: Meal, minute: int) -> bool:
    """Whether it is served then: the first minute is in, the minute of its end is not."""
    return minute_of(window.starts) <= minute < minute_of(window.ends)


def nearest(among: Iterable[Meal], minute: int) -> str:
    """The meal that is served then, else the one whose window is nearest. Raises ValueError for none."""
    return min(among, key=lambda one: max(minute_of(one.starts) - minute, minute - minute_of(one.ends) + 1, 0)).meal


def rights(book: Book, pupil: str, day: str, utc_ns: int, first: str = "") -> dict[str, Right]:
    """What a pupil may have on a day, by meal: by the programme `first` if that serves, else in the centre's order.

    utc_ns  the moment of the question: it tells whether the data are stale
    """
    mine = book.entitlements.get(pupil, [])
    holding = [one for one in mine if one.first <= day <= one.last]
    lapsed = [one for one in mine if one.last < day and _still_counts(book, one, day, utc_ns)]
    return _by_meal(book, sorted([*holding, *lapsed], key=lambda one: one.programme != first), day)


def rights_without_clock(book: Book, pupil: str, days: Collection[str]) -> dict[str, Right]:
    """What a pupil may have while no day is certain: by entitlements that hold one of these days, else by any.

    The price is that of the first of the days.
    """
    mine = book.entitlements.get(pupil, [])
    holding = [one for one in mine if any(one.first <= day <= one.last for day in days)]
    return _by_meal(book, holding or mine, next(iter(days)))


def tenge(book: Book, programme: str, day: str) -> int:
    """The price of one meal on a day; 0 where the centre has given none, for somebody to see."""
    for one in book.meals.programmes if book.meals else []:
        if one.programme == programme:
            begun = [tariff for tariff in one.tariffs if tariff.first <= day]
            return max(begun, key=lambda tariff: tariff.first).tenge if begun else 0
    return 0


def _is_for(window: Meal, shift: int) -> bool:
    return not window.shifts or shift in window.shifts


def _still_counts(book: Book, one: Entitlement, day: str, utc_ns: int) -> bool:
    exhausted = book.calendar is not None and day > book.calendar.last
    if not exhausted and not book.stale("meals", utc_ns):
        return False
    at_calendars_end = book.calendar is not None and one.last >= book.calendar.last
    return at_calendars_end or one.last == book.programme_ends[one.programme]


def _by_meal(book: Book, entitlements: Iterable[Entitlement], day: str) -> dict[str, Right]:
    found: dict[str, Right] = {}
    for one in entitlements:
        for meal in one.meals:
            if meal not in found:
                found[meal] = Right(meal, one.programme, tenge(book, one.programme, day), one.first, one.last)
    return found
