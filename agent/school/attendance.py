"""What a passage of the entrance means, and who is present at a bell. Pure.

A pupil's day is told by its passages in order: `pass_by` takes one more and tells its state; `presence` tells what the
pupil is at a bell. Times are minutes of the school's day.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from agent.datasets import Calendar, Shift
from agent.school.calendar import is_school_day, minute_of
from agent.school.purpose import Way


class Hours(msgspec.Struct, frozen=True):
    """The lessons of one shift on one day."""

    first: int  # the first bell
    late: int  # who comes later than this is late
    last: int  # the last lesson's end


class Part(StrEnum):
    """A part of the day, as the hours of the pupil's shift divide it."""

    BEFORE = "before"  # the first bell
    BEGINNING = "beginning"  # from the first bell: not late yet
    LESSONS = "lessons"
    AFTER = "after"  # the last lesson's end
    FREE = "free"  # no lessons today, or nobody knows the time


class State(StrEnum):
    """What an event says of a passage."""

    PRESENT = "present"
    LATE = "late"
    BACK = "back"
    LEFT = "left"
    LEFT_EARLY = "left_early"
    UNKNOWN_CARD = "unknown_card"
    BLOCKED_CARD = "blocked_card"
    NO_DATA = "no_data"


IN: dict[tuple[bool, Part], State] = {  # by whether the pupil has come already, and when
    (False, Part.BEFORE): State.PRESENT,
    (False, Part.BEGINNING): State.PRESENT,
    (False, Part.LESSONS): State.LATE,
    (False, Part.AFTER): State.PRESENT,  # to a club: late for nothing
    (False, Part.FREE): State.PRESENT,
} | {(True, part): State.BACK for part in Part}
OUT: dict[Part, State] = {
    Part.BEFORE: State.LEFT,
    Part.BEGINNING: State.LEFT_EARLY,
    Part.LESSONS: State.LEFT_EARLY,
    Part.AFTER: State.LEFT,
    Part.FREE: State.LEFT,
}


class Standing(msgspec.Struct, frozen=True):
    """A pupil's day until now."""

    inside: bool = False
    has_come: bool = False  # to the lessons: whoever goes before the first bell has not
    missed: bool = False  # went during the lessons, and is not back
    late: bool = False


class Presence(StrEnum):
    """What a pupil is at a bell: one of three."""

    PRESENT = "present"
    LEFT_EARLY = "left_early"
    ABSENT = "absent"


def part_of(minute: int, hours: Hours | None) -> Part:
    if hours is None:
        return Part.FREE
    if minute < hours.first:
        return Part.BEFORE
    if minute <= hours.late:
        return Part.BEGINNING
    return Part.LESSONS if minute < hours.last else Part.AFTER


def pass_by(standing: Standing, way: Way, minute: int, hours: Hours | None) -> tuple[Standing, State]:
    """One more passage: the day after it, and what it was."""
    part = part_of(minute, hours)
    if way is Way.OUT:
        state = OUT[part]
        return Standing(has_come=part is not Part.BEFORE, missed=state is State.LEFT_EARLY, late=standing.late), state
    state = IN[standing.has_come, part]
    return Standing(inside=True, has_come=True, late=standing.late or state is State.LATE), state


def presence(standing: Standing) -> Presence:
    """At a bell of the shift, from the passages before it."""
    if standing.inside:
        return Presence.PRESENT
    return Presence.LEFT_EARLY if standing.missed else Presence.ABSENT


def next_way(before: Way | None) -> Way:
    """At a reader for both ways: in and out by turns."""
    return Way.OUT if before is Way.IN else Way.IN


def hours_of(calendar: Calendar | None, day: str, shift: int) -> Hours | None:
    """None on a day without lessons, and where no calendar says when they are."""
    found = shift_of(calendar, shift)
    if calendar is None or found is None or not is_school_day(calendar, day):
        return None
    first = min(minute_of(bell.starts) for bell in found.bells)
    last = max(minute_of(bell.ends) for bell in found.bells)
    return Hours(first, first + calendar.late_after_min, last)


def shift_of(calendar: Calendar | None, shift: int) -> Shift | None:
    return next((one for one in calendar.shifts if one.shift == shift), None) if calendar else None


class Bell(msgspec.Struct, frozen=True):
    """A bell at which presence is told."""

    text: str  # HH:MM
    minute: int
    lesson: int  # that begins; 0: the day's end


def bells_of(shift: Shift) -> list[Bell]:
    """The beginnings of lessons, and the end of the last, by the time."""
    found = [Bell(bell.starts, minute_of(bell.starts), bell.lesson) for bell in shift.bells]
    end = max(shift.bells, key=lambda bell: minute_of(bell.ends)).ends
    return sorted([*found, Bell(end, minute_of(end), 0)], key=lambda bell: bell.minute)
