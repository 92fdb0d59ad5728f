"""When a detector tells: lessons, breaks, night and hours, and everything where nobody can know."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.datasets import Bell, Calendar, Shift
from agent.model import Moment
from agent.school.calendar import LocalTime
from agent.school.periods import BREAKS, LESSONS, NIGHT, PERIODS, periods_of, rests, tells

FIRST = Shift(
    shift=1, bells=[Bell(lesson=1, starts="08:00", ends="08:45"), Bell(lesson=2, starts="08:55", ends="09:40")]
)
SECOND = Shift(shift=2, bells=[Bell(lesson=1, starts="09:30", ends="10:15")])
CALENDAR = Calendar(
    utc_offset_min=300, first="2026-09-01", last="2027-05-25", weekdays=[1, 2, 3, 4, 5], shifts=[FIRST, SECOND]
)
MONDAY, SUNDAY, SUMMER = "2026-11-23", "2026-11-22", "2027-07-01"


def at(day: str, clock: str) -> LocalTime:
    return LocalTime(day, datetime.fromisoformat(day).isoweekday(), int(clock[:2]) * 60 + int(clock[3:]))


@pytest.mark.parametrize(
    ("day", "clock", "periods"),
    [
        (MONDAY, "06:59", {NIGHT}),
        (MONDAY, "07:00", {BREAKS}),  # the doors are open
        (MONDAY, "07:59", {BREAKS}),
        (MONDAY, "08:00", {LESSONS}),
        (MONDAY, "08:45", {BREAKS}),
        (MONDAY, "08:55", {LESSONS}),
        (MONDAY, "09:10", {LESSONS, BREAKS}),  # the second shift gathers
        (MONDAY, "09:30", {LESSONS}),
        (MONDAY, "09:45", {LESSONS, BREAKS}),  # the first shift leaves
        (MONDAY, "10:15", {BREAKS}),
        (MONDAY, "11:14", {BREAKS}),
        (MONDAY, "11:15", {NIGHT}),
        (SUNDAY, "09:00", {NIGHT}),
        (SUMMER, "09:00", {LESSONS, BREAKS, NIGHT}),  # beyond the calendar nobody knows
    ],
)
def test_what_the_school_does(day: str, clock: str, periods: set[str]) -> None:
    assert periods_of(at(day, clock), CALENDAR) == periods


@given(st.integers(0, 1439))
def test_there_is_always_some_period(minute: int) -> None:
    assert periods_of(LocalTime(MONDAY, 1, minute), CALENDAR)


def moment(text: str, *, synced: bool = True) -> Moment:
    return Moment(round(datetime.fromisoformat(text).timestamp() * 1e9), 0, synced)


@pytest.mark.parametrize(
    ("words", "text", "told"),
    [
        ([], "2026-11-23T03:10:00Z", True),
        (["lessons"], "2026-11-23T03:10:00Z", True),  # 08:10 at the school
        (["breaks"], "2026-11-23T03:10:00Z", False),
        (["breaks", "08:00-08:30"], "2026-11-23T03:10:00Z", True),
        (["22:00-06:00"], "2026-11-23T18:00:00Z", True),  # 23:00
        (["22:00-06:00"], "2026-11-23T00:59:00Z", True),  # 05:59
        (["22:00-06:00"], "2026-11-23T01:00:00Z", False),  # 06:00
        (["night"], "2026-11-22T06:00:00Z", True),  # a Sunday
    ],
)
def test_a_schedule(words: list[str], text: str, told: bool) -> None:
    assert tells(words, moment(text), CALENDAR) is told


def test_where_nobody_can_know_everything_tells() -> None:
    assert tells(["night"], moment("2026-11-23T03:10:00Z", synced=False), CALENDAR)
    assert tells(["night"], moment("2026-11-23T03:10:00Z"), None)


@pytest.mark.parametrize(
    ("words", "text", "told"),
    [
        (["night"], "2026-11-22T06:00:00Z", True),  # a Sunday
        (["night"], "2026-11-23T03:10:00Z", False),
        (["22:00-06:00"], "2026-11-23T18:00:00Z", True),
        (["night", "08:00-08:30"], "2026-11-23T03:10:00Z", True),
        (["lessons"], "2026-11-23T04:30:00Z", True),  # 09:30: both shifts have one
        (["lessons"], "2026-11-23T04:10:00Z", False),  # 09:10: the second shift gathers meanwhile
        (["night"], "2027-07-01T18:00:00Z", False),  # 23:00, beyond the calendar
        (["22:00-06:00"], "2027-07-01T18:00:00Z", True),
    ],
)
def test_what_must_be_sure_tells_when_all_that_goes_on_is_named(words: list[str], text: str, told: bool) -> None:
    assert tells(words, moment(text), CALENDAR, sure=True) is told


@pytest.mark.parametrize(("words", "told"), [(["night"], False), (["22:00-06:00"], False), (sorted(PERIODS), True)])
def test_what_must_be_sure_tells_nothing_while_the_clock_is_not_trusted(words: list[str], told: bool) -> None:
    night = moment("2026-11-23T18:00:00Z", synced=False)
    assert tells(words, night, CALENDAR, sure=True) is told
    assert rests(words, night, CALENDAR, sure=True) is not told


def test_what_must_be_sure_needs_a_calendar_for_periods_and_none_for_hours() -> None:
    night = moment("2026-11-23T18:00:00Z")
    assert not tells(["night"], night, None, sure=True)
    assert tells(["22:00-06:00"], night, None, sure=True)
    assert rests(["night"], night, None, sure=True)


@pytest.mark.parametrize(
    ("words", "text", "resting"),
    [
        ([], "2026-11-23T03:10:00Z", False),
        (["breaks"], "2026-11-23T03:10:00Z", True),  # 08:10: a lesson until 08:45
        (["breaks"], "2026-11-23T03:42:59Z", True),
        (["breaks"], "2026-11-23T03:43:00Z", False),  # it learns the view before it may tell
        (["lessons"], "2026-11-23T03:45:00Z", True),
        (["lessons"], "2026-11-23T03:44:59Z", False),
    ],
)
def test_a_detector_rests_until_just_before_its_time(words: list[str], text: str, resting: bool) -> None:
    assert rests(words, moment(text), CALENDAR) is resting


def test_where_nobody_can_know_nothing_rests() -> None:
    assert not rests(["night"], moment("2026-11-23T03:10:00Z", synced=False), CALENDAR)
    assert not rests(["night"], moment("2026-11-23T03:10:00Z"), None)
