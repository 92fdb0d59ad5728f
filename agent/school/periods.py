"""When a detector of a camera tells: in lessons, in breaks, at night, at hours of the day. Pure.

Unknown  a clock that is not trusted, or a calendar that does not reach this day: everything tells, but what is `sure`:
         that tells only if it would whatever the school does now. Else a box without a calendar would take every child
         in a lesson for a burglar.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from agent.datasets import Calendar, Shift
from agent.model import Moment
from agent.school.calendar import LocalTime, is_school_day, local, minute_of, reaches

LESSONS, BREAKS, NIGHT = "lessons", "breaks", "night"
PERIODS = frozenset({LESSONS, BREAKS, NIGHT})
AROUND_MIN = 30  # before the first bell and after the last one children are there without a lesson
EARLY_NS = 120_000_000_000  # a detector looks so long before it tells: half a minute goes by until it is told so
EMPTY_MIN = 60  # before and after all shifts: further away it is night, whatever the sun does


def tells(words: Sequence[str], now: Moment, calendar: Calendar | None, *, sure: bool = False) -> bool:
    """Whether one of the words is true now; no words: always."""
    if not words:
        return True
    if not now.synced:
        return not sure or set(words) >= PERIODS
    at = local(now.utc_ns, calendar)
    periods = periods_of(at, calendar)
    if sure:
        return all(fits(words, {one}, at.minute) for one in periods)
    return fits(words, periods, at.minute)


def fits(words: Sequence[str], periods: Collection[str], minute: int) -> bool:
    """Whether one of the words is true of such periods at such a minute of the day; no words: always."""
    return not words or any(_within(word, minute) if "-" in word else word in periods for word in words)


def rests(words: Sequence[str], now: Moment, calendar: Calendar | None, *, sure: bool = False) -> bool:
    """Whether a detector need not look: it does not tell now, nor soon. It must know the view before it may tell."""
    soon = msgspec.structs.replace(now, utc_ns=now.utc_ns + EARLY_NS)
    return not tells(words, now, calendar, sure=sure) and not tells(words, soon, calendar, sure=sure)


def periods_of(at: LocalTime, calendar: Calendar | None) -> frozenset[str]:
    """What the school does then; shifts overlap, so it may be two things at once."""
    if calendar is None or not reaches(calendar, at.day):
        return PERIODS
    if not is_school_day(calendar, at.day):
        return frozenset({NIGHT})
    spans = [_span(shift) for shift in calendar.shifts]
    if not min(first for first, _ in spans) - EMPTY_MIN <= at.minute < max(last for _, last in spans) + EMPTY_MIN:
        return frozenset({NIGHT})
    found = {_shift_is(shift, at.minute) for shift in calendar.shifts} - {""}
    return frozenset(found or {BREAKS})


def _shift_is(shift: Shift, minute: int) -> str:
    """Empty if the shift is not there."""
    if any(minute_of(bell.starts) <= minute < minute_of(bell.ends) for bell in shift.bells):
        return LESSONS
    first, last = _span(shift)
    return BREAKS if first - AROUND_MIN <= minute < last + AROUND_MIN else ""


def _span(shift: Shift) -> tuple[int, int]:
    return min(minute_of(bell.starts) for bell in shift.bells), max(minute_of(bell.ends) for bell in shift.bells)


def _within(hours: str, minute: int) -> bool:
    """Of HH:MM-HH:MM, which may go over midnight."""
    begin, _, end = hours.partition("-")
    first, last = minute_of(begin), minute_of(end)
    return first <= minute < last if first <= last else minute >= first or minute < last
