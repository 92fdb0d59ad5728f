"""What a passage is, by the hours of the pupil's shift; what a pupil is at a bell."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.school.attendance import (
    IN,
    OUT,
    Bell,
    Hours,
    Part,
    Presence,
    Standing,
    State,
    bells_of,
    hours_of,
    next_way,
    part_of,
    pass_by,
    presence,
    shift_of,
)
from agent.school.calendar import minute_of
from agent.school.purpose import Way
from tests.agent.school.doorway import CALENDAR

HOURS = Hours(first=480, late=485, last=645)  # 08:00 to 10:45, late after 08:05

DAYS = [  # ways and times; their states; what the pupil is after the last
    ("in time", "in 07:50", "present", Presence.PRESENT, False),
    ("with the bell", "in 08:05", "present", Presence.PRESENT, False),
    ("late", "in 08:06", "late", Presence.PRESENT, True),
    ("out and back", "in 07:50, out 08:30, in 08:50", "present left_early back", Presence.PRESENT, False),
    ("gone early", "in 07:50, out 10:44", "present left_early", Presence.LEFT_EARLY, False),
    ("gone at the end", "in 07:50, out 10:45", "present left", Presence.ABSENT, False),
    ("late and gone early", "in 08:06, out 10:00", "late left_early", Presence.LEFT_EARLY, True),
    ("only looked in before", "in 07:30, out 07:40", "present left", Presence.ABSENT, False),
    ("looked in before, and late", "in 07:30, out 07:40, in 08:10", "present left late", Presence.PRESENT, True),
    ("the way in was missed", "out 09:00, in 09:30", "left_early back", Presence.PRESENT, False),
    ("in by another door", "in 07:50, in 09:00", "present back", Presence.PRESENT, False),
    ("for a club only", "in 15:00, out 16:00", "present left", Presence.ABSENT, False),
    ("early, and back for a club", "in 07:50, out 09:00, in 15:00", "present left_early back", Presence.PRESENT, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("passages", "states", "then", "late"), [day[1:] for day in DAYS], ids=[day[0] for day in DAYS]
)
def test_a_pupil_s_day(passages: str, states: str, then: Presence, late: bool) -> None:
    standing, told = Standing(), []
    for one in passages.split(", "):
        way, time = one.split()
        standing, state = pass_by(standing, Way(way), minute_of(time), HOURS)
        told.append(state.value)
    assert " ".join(told) == states
    assert (presence(standing), standing.late) == (then, late)


def test_every_passage_has_its_state() -> None:
    assert set(IN) == set(product([False, True], Part))
    assert set(OUT) == set(Part)
    assert set(IN.values()) | set(OUT.values()) == {
        State.PRESENT, State.LATE, State.BACK, State.LEFT, State.LEFT_EARLY,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("minute", "part"),
    [(479, Part.BEFORE), (480, Part.BEGINNING), (485, Part.BEGINNING), (486, Part.LESSONS), (645, Part.AFTER)],
)
def test_parts_of_the_day(minute: int, part: Part) -> None:
    assert part_of(minute, HOURS) is part
    assert part_of(minute, None) is Part.FREE


passages = st.lists(st.tuples(st.sampled_from([Way.IN, Way.OUT]), st.integers(400, 700)), max_size=12)


@given(passages=passages, hours=st.sampled_from([HOURS, None]))
def test_whoever_is_late_was_not_there_in_time_and_whoever_is_inside_is_present(
    passages: list[tuple[Way, int]], hours: Hours | None
) -> None:
    standing = Standing()
    for way, minute in sorted(passages, key=lambda one: one[1]):
        before, (standing, state) = standing, pass_by(standing, way, minute, hours)
        assert standing.inside is (way is Way.IN)
        assert (presence(standing) is Presence.PRESENT) is standing.inside
        assert state is not State.LATE or (hours is not None and minute > hours.late and not before.has_come)
        assert not before.late or standing.late
        assert hours or not (standing.late or standing.missed)


def test_by_turns() -> None:
    assert [next_way(way) for way in (None, Way.IN, Way.OUT)] == [Way.IN, Way.OUT, Way.IN]


@pytest.mark.parametrize(
    ("day", "shift", "hours"),
    [
        ("2026-11-23", 1, Hours(480, 485, 645)),
        ("2026-11-23", 2, Hours(810, 815, 910)),
        ("2026-11-23", 3, None),
        ("2026-11-22", 1, None),  # a Sunday
        ("2026-12-16", 1, None),  # a holiday
        ("2027-01-04", 1, Hours(480, 485, 645)),  # the calendar does not reach it: Monday to Friday
    ],
)
def test_the_hours_of_a_shift(day: str, shift: int, hours: Hours | None) -> None:
    assert hours_of(CALENDAR, day, shift) == hours
    assert hours_of(None, day, shift) is None


def test_the_bells_of_a_shift() -> None:
    shift = shift_of(CALENDAR, 1)
    assert shift
    assert bells_of(shift) == [
        Bell("08:00", 480, 1),
        Bell("08:55", 535, 2),
        Bell("10:00", 600, 3),
        Bell("10:45", 645, 0),
    ]
    assert shift_of(None, 1) is shift_of(CALENDAR, 3) is None
