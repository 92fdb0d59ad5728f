"""Who answers at a moment, by what was published: ranks, zones, free days, the head, the city and the police."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from centre.reference import Published
from centre.school.datasets import Calendar, Duty, DutyRoster, Span
from centre.school.roster import chain, is_school_day, persons, published
from tests.centre.conftest import Open

ANNA, BORIS, CLARA, HEAD = (f"{letter * 16}" for letter in "abcd")
ROSTER = DutyRoster(
    duties=[
        Duty(staff=ANNA, weekdays=[1, 2, 3, 4, 5], starts="08:00", ends="18:00", free_days=False),
        Duty(staff=BORIS, rank=2),
        Duty(staff=ANNA, rank=2),
        Duty(staff=CLARA, rank=1, kinds=["bullying"], zones=["big-gym"]),
    ],
    head=HEAD,
)
CALENDAR = Calendar(
    utc_offset_min=300, first="2026-09-01", last="2027-05-25", weekdays=[1, 2, 3, 4, 5],
    holidays=[Span(first="2026-10-26", last="2026-11-01")], workdays=["2026-11-14"], shifts=[], late_after_min=5,
)  # fmt: skip
MONDAY = datetime(2026, 11, 23, 10, 0)  # noqa: DTZ001 - the school's own time
CITY, POLICE = ("city", ""), ("police", "")


def test_the_lowest_rank_is_on_duty_and_the_others_are_deputies() -> None:
    assert chain(ROSTER, CALENDAR, "fire", "hall", MONDAY) == [
        [("duty", ANNA)], [("deputy", BORIS)], [("head", HEAD)], [CITY], [POLICE],
    ]  # fmt: skip
    assert chain(ROSTER, CALENDAR, "other", "hall", MONDAY)[-1] == [CITY]


def test_kinds_and_zones_choose() -> None:
    assert chain(ROSTER, CALENDAR, "bullying", "Big gym", MONDAY)[0] == [("duty", ANNA), ("duty", CLARA)]
    assert chain(ROSTER, CALENDAR, "bullying", "", MONDAY)[0] == [("duty", ANNA), ("duty", CLARA)]
    assert chain(ROSTER, CALENDAR, "bullying", "hall", MONDAY)[0] == [("duty", ANNA)]


HOURS = [
    ("the first minute", MONDAY.replace(hour=8), ANNA),
    ("the last minute", MONDAY.replace(hour=18), ANNA),
    ("a minute later", MONDAY.replace(hour=18, minute=1), BORIS),
    ("a weekend", MONDAY.replace(day=22), BORIS),
    ("holidays", MONDAY.replace(month=10, day=28), BORIS),
    ("a workday that is a Saturday", MONDAY.replace(day=14), BORIS),
    ("the summer", MONDAY.replace(year=2027, month=7, day=5), BORIS),
]


@pytest.mark.parametrize(("at", "who"), [pytest.param(*row[1:], id=row[0]) for row in HOURS])
def test_hours_and_days_choose(at: datetime, who: str) -> None:
    assert chain(ROSTER, CALENDAR, "fire", "", at)[0][0] == ("duty", who)


NIGHTS = [
    ("Friday evening", datetime(2026, 11, 27, 18, 0), True),  # noqa: DTZ001 - the school's own time
    ("Saturday morning", datetime(2026, 11, 28, 7, 59), True),  # noqa: DTZ001
    ("an hour later", datetime(2026, 11, 28, 8, 0), False),  # noqa: DTZ001
    ("Saturday evening", datetime(2026, 11, 28, 18, 0), False),  # noqa: DTZ001
    ("Monday morning, of a Sunday", datetime(2026, 11, 23, 7, 0), False),  # noqa: DTZ001
    ("Monday noon", datetime(2026, 11, 23, 12, 0), False),  # noqa: DTZ001
]


@pytest.mark.parametrize(("at", "is_there"), [pytest.param(*row[1:], id=row[0]) for row in NIGHTS])
def test_a_night_belongs_to_the_day_on_which_it_begins(at: datetime, is_there: bool) -> None:
    """As at the box: while that is silent, the guard of the night is told."""
    guard = Duty(staff=CLARA, weekdays=[1, 2, 3, 4, 5], starts="18:00", ends="07:59", free_days=False)
    groups = chain(DutyRoster(duties=[guard]), CALENDAR, "fire", "", at)
    assert (groups[0] == [("duty", CLARA)]) is is_there


def test_nobody_named_is_the_head_and_the_city() -> None:
    assert chain(None, None, "fire", "", MONDAY) == [[CITY], [POLICE]]
    assert chain(DutyRoster(duties=[], head=HEAD), None, "other", "", MONDAY) == [[("head", HEAD)], [CITY]]


def test_the_city_always_knows() -> None:
    groups = chain(ROSTER, CALENDAR, "fire", "", MONDAY)
    assert persons(groups, 0) == [("duty", ANNA), CITY]
    assert persons(groups, 3) == [CITY]
    assert persons(groups, 99) == [POLICE, CITY]


def test_school_days() -> None:
    days = {"2026-11-23": True, "2026-11-22": False, "2026-11-14": True, "2026-10-28": False, "2027-05-26": False}
    assert {day: is_school_day(CALENDAR, date.fromisoformat(day)) for day in days} == days


def test_what_was_published_counts_and_what_cannot_be_read_is_none(open_one: Open) -> None:
    database = open_one()
    assert published(database, "school-07") == (None, None)
    Published(database).note("school-07", "duty", 1, b'{"duties":[{"staff":"aaaaaaaaaaaaaaaa"}]}')
    Published(database).note("school-07", "calendar", 1, b'{"utc_offset_min":300}')
    assert published(database, "school-07") == (DutyRoster(duties=[Duty(staff=ANNA)]), None)
