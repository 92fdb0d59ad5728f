"""Whether a pupil gets a meal now: the decision, from facts alone. Pure.

Without a trusted clock no child goes hungry because of it: neither serving times nor the dates of entitlements are
enforced. What was eaten in this life of the machine is known exactly, by the monotonic clock; the rest is sorted out
when the clock is trusted again (agent/school/undated.py).

Not     the rows and events around it: agent/school/meal_tap.py. What each reason means to people: docs/rules.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from agent.book import Book, Holder
from agent.datasets import Meal
from agent.model import Moment
from agent.school.calendar import is_school_day, local, minute_of, reaches
from agent.school.doubts import day_of, marks
from agent.school.rights import Right, is_open, nearest, rights, rights_without_clock, windows
from drivers.readings import Light

DATASETS = ("cards", "calendar", "meals")  # those that a decision about a meal rests on
AGAIN_NS = 2 * 3_600 * 1_000_000_000  # without a trusted clock: sooner than that it is the same meal
MINUTE_NS = 60 * 1_000_000_000


class Reason(StrEnum):
    """Why there is no meal."""

    NO_ENTITLEMENT = "no_entitlement"
    ALREADY_EATEN = "already_eaten"
    NOT_SERVING = "not_serving"
    UNKNOWN_CARD = "unknown_card"
    BLOCKED_CARD = "blocked_card"
    NO_DATA = "no_data"
    NOTHING_TO_REVERSE = "nothing_to_reverse"


LIGHTS: dict[Reason, Light] = {
    Reason.NO_ENTITLEMENT: Light.REFUSED,
    Reason.ALREADY_EATEN: Light.REFUSED,
    Reason.NOT_SERVING: Light.REFUSED,
    Reason.UNKNOWN_CARD: Light.UNKNOWN,
    Reason.BLOCKED_CARD: Light.UNKNOWN,
    Reason.NO_DATA: Light.REFUSED,
    Reason.NOTHING_TO_REVERSE: Light.REFUSED,
}


class Standing(msgspec.Struct, frozen=True):
    """A meal that this pupil was given, and that was not taken back."""

    day: str  # '' = not known
    meal: str
    elapsed_ns: int | None = None  # since then; None: nobody knows (another box gave it)
    same_boot: bool = False  # whether elapsed_ns is exact


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One of three: a right, a reason, or neither: the meal was given a moment ago, and this is the same tap."""

    day: str = ""
    meal: str = ""
    right: Right | None = None
    reason: Reason | None = None
    marks: list[str] = []


def decide(book: Book, pupil: Holder, at: Moment, standing: Sequence[Standing], latest_day: str = "") -> Decision:
    """What a pupil's tap leads to.

    standing    the pupil's meals, the latest first
    latest_day  the latest day that was ever certain; asked for without a trusted clock only
    """
    if book.meals is None:
        return Decision(day=day_of(book, at), reason=Reason.NO_DATA, marks=marks(book, at, *DATASETS))
    if at.synced:
        return _by_the_clock(book, pupil, at, standing)
    return _without_clock(book, pupil, at, standing, latest_day)


def _by_the_clock(book: Book, pupil: Holder, at: Moment, standing: Sequence[Standing]) -> Decision:
    when = local(at.utc_ns, book.calendar)
    noted = marks(book, at, *DATASETS)
    served = served_now(book, when.day, when.minute, pupil.shift)
    if not served:
        return Decision(day=when.day, reason=Reason.NOT_SERVING, marks=noted)
    eaten = [one for one in standing if one.meal in served and (one.day == when.day or _was_just_now(one))]
    for one in eaten:
        if _is_a_repeat(book, one):
            return Decision(day=when.day, meal=one.meal, marks=noted)
    may = rights(book, pupil.key, when.day, at.utc_ns)
    mine = [meal for meal in served if meal in may]
    if not mine:
        return Decision(day=when.day, meal=served[0], reason=Reason.NO_ENTITLEMENT, marks=noted)
    fresh = [meal for meal in mine if meal not in {one.meal for one in eaten}]
    if not fresh:
        return Decision(day=when.day, meal=mine[0], reason=Reason.ALREADY_EATEN, marks=noted)
    return Decision(day=when.day, meal=fresh[0], right=may[fresh[0]], marks=noted)


def _without_clock(book: Book, pupil: Holder, at: Moment, standing: Sequence[Standing], latest_day: str) -> Decision:
    when = local(at.utc_ns, book.calendar)
    noted = marks(book, at, *DATASETS)
    may = rights_without_clock(book, pupil.key, likely_days(book, when.day, latest_day))
    served = [one for one in windows(book, pupil.shift) if one.meal in may]
    if not served:
        return Decision(reason=Reason.NOT_SERVING if may else Reason.NO_ENTITLEMENT, marks=noted)
    recent = [one for one in standing if one.same_boot and _elapsed_ns(one) < AGAIN_NS]
    if recent and _is_a_repeat(book, recent[0]):
        return Decision(meal=recent[0].meal, marks=noted)
    if recent and not _may_be_another(served, recent):
        return Decision(meal=recent[0].meal, reason=Reason.ALREADY_EATEN, marks=noted)
    taken = {one.meal for one in recent}
    meal = nearest([one for one in served if one.meal not in taken] or served, when.minute)
    return Decision(meal=meal, right=may[meal], marks=noted)


def served_now(book: Book, day: str, minute: int, shift: int | None) -> list[str]:
    """The meals that are served at a minute of a day, by a clock that is trusted."""
    if not is_school_day(book.calendar, day):
        return []
    return [one.meal for one in windows(book, shift) if is_open(one, minute)]


def likely_days(book: Book, by_clock: str, latest_day: str) -> list[str]:
    """Which days it may be without a trusted clock, the likeliest first: the clock's, and the latest certain one.

    A clock that stands outside the calendar, or before what was certain already, is less likely than the latter.
    """
    if not latest_day or (by_clock >= latest_day and reaches(book.calendar, by_clock)):
        return [by_clock, latest_day] if latest_day else [by_clock]
    return [latest_day, by_clock]


def _elapsed_ns(one: Standing) -> int:
    """Taps of two readers may come out of order by a little."""
    return abs(one.elapsed_ns) if one.elapsed_ns is not None else AGAIN_NS


def _was_just_now(one: Standing) -> bool:
    """The day is another, and the steady clock says that it is not: a trusted clock was set."""
    return one.day != "" and one.same_boot and _elapsed_ns(one) < AGAIN_NS


def _is_a_repeat(book: Book, one: Standing) -> bool:
    """Within the grace time after it, or before it was on the disk; across boots only the clock tells, either way."""
    grace_ns = (book.meals.grace_s if book.meals else 0) * 1_000_000_000
    if one.elapsed_ns is None:
        return False
    return (one.elapsed_ns if one.same_boot else abs(one.elapsed_ns)) <= grace_ns


def _may_be_another(served: Sequence[Meal], recent: Sequence[Standing]) -> bool:
    """Whether two of this pupil's meals lie so near that the latest and this can be two: breakfast, then lunch."""
    if len(recent) >= len({one.meal for one in served}):
        return False
    elapsed_min = _elapsed_ns(recent[0]) / MINUTE_NS
    return any(
        minute_of(later.starts) - minute_of(earlier.ends)
        < elapsed_min
        < minute_of(later.ends) - minute_of(earlier.starts)
        for earlier in served
        for later in served
        if earlier.meal != later.meal and earlier.starts <= later.starts
    )
