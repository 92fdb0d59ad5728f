"""The school's day: its own offset, holidays, transferred days, and where the calendar ends."""

from __future__ import annotations

from datetime import datetime

import pytest

from agent.datasets import Bell, Calendar, Shift, Span
from agent.school.calendar import LocalTime, is_holiday, is_school_day, local, midnight_ns, minute_of, reaches

CALENDAR = Calendar(
    utc_offset_min=300,
    first="2026-09-01",
    last="2027-05-25",
    weekdays=[1, 2, 3, 4, 5, 6],
    holidays=[Span(first="2026-10-26", last="2026-11-01"), Span(first="2026-12-16", last="2026-12-16")],
    workdays=["2026-12-16", "2026-09-06"],
    shifts=[Shift(shift=1, bells=[Bell(lesson=1, starts="08:00", ends="08:45")])],
)


def utc_ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("moment", "calendar", "shown"),
    [
        ("2026-11-22T18:59:59Z", CALENDAR, LocalTime("2026-11-22", 7, 23 * 60 + 59)),
        ("2026-11-22T19:00:00Z", CALENDAR, LocalTime("2026-11-23", 1, 0)),
        ("2026-11-22T19:00:00Z", None, LocalTime("2026-11-23", 1, 0)),
        ("2027-01-01T06:30:00Z", CALENDAR, LocalTime("2027-01-01", 5, 11 * 60 + 30)),
    ],
)
def test_the_wall_shows(moment: str, calendar: Calendar | None, shown: LocalTime) -> None:
    assert local(utc_ns(moment), calendar) == shown


def test_a_time_of_day_both_ways() -> None:
    assert minute_of("11:30") == 690
    assert LocalTime("2026-11-23", 1, 690).text == "11:30"


@pytest.mark.parametrize(
    ("day", "school"),
    [
        ("2026-09-01", True),
        ("2026-09-05", True),  # a Saturday of a six-day school
        ("2026-09-06", True),  # a Sunday that was made a school day
        ("2026-09-13", False),
        ("2026-10-26", False),
        ("2026-11-01", False),
        ("2026-11-02", True),
        ("2026-12-16", True),  # transferred onto a holiday
        ("2027-05-26", True),  # beyond the calendar: a Wednesday
        ("2027-05-29", True),  # beyond the calendar: a Saturday of a six-day school
        ("2027-05-30", False),  # beyond the calendar: a Sunday
    ],
)
def test_a_school_day(day: str, school: bool) -> None:
    assert is_school_day(CALENDAR, day) is school


@pytest.mark.parametrize(("day", "known"), [("2026-08-31", False), ("2026-09-01", True), ("2027-05-26", False)])
def test_how_far_the_calendar_reaches(day: str, known: bool) -> None:
    assert reaches(CALENDAR, day) is known
    assert not reaches(None, day)


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        ("2026-10-25", False),  # a free Sunday is none
        ("2026-10-26", True),
        ("2026-11-01", True),
        ("2026-12-16", False),  # a holiday that is a school day this year
        ("2027-06-01", False),  # nobody knows
    ],
)
def test_holidays(day: str, holiday: bool) -> None:
    assert is_holiday(CALENDAR, day) is holiday
    assert not is_holiday(None, day)


@pytest.mark.parametrize("calendar", [CALENDAR, None])
def test_midnight_is_where_the_day_begins(calendar: Calendar | None) -> None:
    begin_ns = midnight_ns("2026-11-23", calendar)
    assert begin_ns == utc_ns("2026-11-22T19:00:00Z")
    assert local(begin_ns, calendar) == LocalTime("2026-11-23", 1, 0)
    assert local(begin_ns - 1, calendar).day == "2026-11-22"


@pytest.mark.parametrize(("day", "school"), [("2026-11-27", True), ("2026-11-28", False)])
def test_without_a_calendar_from_monday_to_friday(day: str, school: bool) -> None:
    assert is_school_day(None, day) is school
