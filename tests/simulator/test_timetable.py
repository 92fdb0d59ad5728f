"""The hours of the day: which phase at which moment, how fast, and what a script may not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.timetable import Phase, Timetable, fitted

ARRIVE = Phase("arrive", "07:40", "08:00", 10.0)
EAT = Phase("eat", "10:20", "11:00", 5.0)
LEAVE = Phase("leave", "13:00", "13:10", 2.5)
PHASES = [ARRIVE, EAT, LEAVE]
DAY_S = 70 * 60.0  # of phases; what lies between them is skipped
MOMENTS = [  # seconds of the demonstration at speed 60, time on the wall, phase
    (-5.0, "07:40", ARRIVE),
    (0.0, "07:40", ARRIVE),
    (0.99, "07:40", ARRIVE),
    (1.0, "07:41", ARRIVE),
    (19.99, "07:59", ARRIVE),
    (20.0, "10:20", EAT),
    (59.99, "10:59", EAT),
    (60.0, "13:00", LEAVE),
    (69.99, "13:09", LEAVE),
    (70.0, "13:10", LEAVE),
    (1e6, "13:10", LEAVE),
]


@pytest.mark.parametrize(("elapsed_s", "time", "phase"), MOMENTS)
def test_what_the_clock_on_the_wall_shows(elapsed_s: float, time: str, phase: Phase) -> None:
    assert Timetable(PHASES, 60, 100).at(elapsed_s) == (time, phase)


@given(st.floats(0.01, 10_000), st.lists(st.floats(0, 1e7), min_size=2))
def test_the_clock_never_goes_back(speed: float, moments: list[float]) -> None:
    table = Timetable(PHASES, speed, 100)
    shown = [table.at(moment).time for moment in sorted(moments)]
    assert shown == sorted(shown)


@given(st.floats(1, 100_000))
def test_a_day_fitted_into_some_seconds_takes_them(seconds: float) -> None:
    assert Timetable(PHASES, fitted(PHASES, seconds), 100).seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("speed", "taps_a_minute"),
    [(1, (10, 5, 2.5)), (3, (30, 15, 7.5)), (10, (100, 50, 25)), (60, (100, 50, 25)), (0.5, (5, 2.5, 1.25))],
)
def test_phases_keep_their_proportions_up_to_what_a_reader_can_take(
    speed: float, taps_a_minute: tuple[float, ...]
) -> None:
    table = Timetable(PHASES, speed, most_taps_a_minute=100)
    begins_s = [0.0, 20 * 60 / speed, 60 * 60 / speed]
    assert [60 / table.pause_s(at + 0.001) for at in begins_s] == pytest.approx(taps_a_minute)


def test_at_speed_one_it_takes_as_long_as_in_school() -> None:
    assert Timetable(PHASES, 1, 100).seconds == DAY_S


@pytest.mark.parametrize(
    ("phases", "speed", "said"),
    [([], 1, "phases"), (PHASES, 0, "speed"), (PHASES, -1, "speed"), ([EAT, ARRIVE], 1, "arrive begins before")],
)
def test_a_day_that_cannot_be_is_refused(phases: list[Phase], speed: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Timetable(phases, speed, 100)


@pytest.mark.parametrize(
    ("begins", "ends", "taps", "said"),
    [
        ("08:00", "08:00", 1.0, "ends before it begins"),
        ("08:00", "07:59", 1.0, "ends before it begins"),
        ("8:00", "09:00", 1.0, "no time of day"),
        ("08:60", "09:00", 1.0, "no time of day"),
        ("23:00", "24:00", 1.0, "no time of day"),
        ("08:00\n", "09:00", 1.0, "no time of day"),
        ("08:00", "09:00", 0.0, "above 0"),
    ],
)
def test_a_phase_that_cannot_be_is_refused(begins: str, ends: str, taps: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Phase("x", begins, ends, taps)
