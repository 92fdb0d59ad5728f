"""A set clock is noticed with its exact step; a running one is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.clock_watch import JUMP_NS, ClockWatch

STEPS = st.lists(st.tuples(st.integers(0, 10**12), st.integers(-(10**18), 10**18)), max_size=20)


def test_a_running_clock_is_no_news() -> None:
    watch = ClockWatch(1_000, 0)
    assert watch.look(1_000 + 10**9, 10**9) is None


def test_a_false_2030_set_back_is_told_exactly() -> None:
    watch = ClockWatch(1_893_456_000 * 10**9, 0)
    assert watch.look(1_795_420_800 * 10**9 + 10**9, 10**9) == (1_795_420_800 - 1_893_456_000) * 10**9


@given(STEPS)
def test_told_jumps_add_up_to_the_true_offset(steps: list[tuple[int, int]]) -> None:
    watch, utc, up, told, true = ClockWatch(0, 0), 0, 0, 0, 0
    for passed, set_by in steps:
        utc, up, true = utc + passed + set_by, up + passed, true + set_by
        told += watch.look(utc, up) or 0
    assert abs(told - true) < JUMP_NS
