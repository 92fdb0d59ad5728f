"""When another version may run: the table of an hour."""

from __future__ import annotations

from datetime import datetime

import pytest

from agent.datasets import Bell, Calendar, Shift
from agent.model import Moment
from agent.updates.hour import CLOCK, INCIDENT, NOT_YET, NOW, SCHOOL, waits_for
from tests.agent.updates.staging import staged

CALENDAR = Calendar(
    utc_offset_min=300, first="2026-09-01", last="2027-05-25", weekdays=[1, 2, 3, 4, 5],
    shifts=[Shift(shift=1, bells=[Bell(lesson=1, starts="08:00", ends="13:00")])],
)  # fmt: skip


def at(text: str, *, synced: bool = True) -> Moment:
    return Moment(ns(text), 0, synced)


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (at("2026-11-26T03:00+05:00"), NOW),
        (at("2026-11-26T09:00+05:00"), SCHOOL),
        (at("2026-11-26T07:10+05:00"), SCHOOL),  # the first children come
        (at("2026-11-26T22:00+05:00"), NOW),
        (at("2026-11-28T10:00+05:00"), NOW),  # a Saturday
        (at("2026-11-26T03:00+05:00", synced=False), CLOCK),
        (at("2028-11-26T03:00+05:00"), SCHOOL),  # nobody knows what the school does then
    ],
)
def test_the_school_is_empty_or_it_waits(now: Moment, why: str) -> None:
    assert waits_for(staged(), now, CALENDAR, needed=False) == why


def test_not_before_its_time_and_in_school_hours_after_the_deadline() -> None:
    wanted = staged(not_before_ns=ns("2026-11-26T22:00+05:00"), deadline_ns=ns("2026-11-30T00:00+05:00"))
    assert waits_for(wanted, at("2026-11-26T03:00+05:00"), CALENDAR, needed=False) == NOT_YET
    assert waits_for(wanted, at("2026-11-27T09:00+05:00"), CALENDAR, needed=False) == SCHOOL
    assert waits_for(wanted, at("2026-11-30T09:00+05:00"), CALENDAR, needed=False) == NOW


def test_an_incident_that_needs_the_box_holds_it_back_whatever_the_hour() -> None:
    late = staged(deadline_ns=1)
    assert waits_for(late, at("2026-11-26T03:00+05:00"), CALENDAR, needed=True) == INCIDENT


def test_without_a_calendar_only_a_deadline_lets_it_run() -> None:
    assert waits_for(staged(), at("2026-11-26T03:00+05:00"), None, needed=False) == SCHOOL
    assert waits_for(staged(deadline_ns=1), at("2026-11-26T03:00+05:00"), None, needed=False) == NOW
