"""How long ago and when: exact within a boot, exact between trusted clocks, else at least since this boot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import Moment
from agent.school.since import Stamp, elapsed_ns, is_exact, stamp, true_now_ns, true_ns

CASES = [  # then, now: exact, elapsed, when it was, what time it is
    ("one boot, trusted", Stamp(100, True, "a", 10), Stamp(150, True, "a", 60), True, 50, 100, 150),
    (
        "one boot, the clock was set in between",
        Stamp(9_000, False, "a", 10),
        Stamp(150, True, "a", 60),
        True,
        50,
        100,
        150,
    ),
    ("one boot, never trusted", Stamp(9_000, False, "a", 10), Stamp(9_050, False, "a", 60), True, 50, None, None),
    ("one boot, no longer trusted", Stamp(100, True, "a", 10), Stamp(7, False, "a", 60), True, 50, 100, 150),
    ("two boots, trusted", Stamp(100, True, "a", 10), Stamp(150, True, "b", 3), True, 50, 100, 150),
    ("two boots, now not", Stamp(100, True, "a", 10), Stamp(150, False, "b", 3), False, 3, 100, None),
    ("two boots, then not", Stamp(100, False, "a", 10), Stamp(150, True, "b", 3), False, 3, None, 150),
    ("two boots, set back", Stamp(900, True, "a", 10), Stamp(150, True, "b", 3), True, 0, 900, 150),
]


@pytest.mark.parametrize(
    ("then", "now", "exact", "elapsed", "was", "here"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_is_known(then: Stamp, now: Stamp, exact: bool, elapsed: int, was: int | None, here: int | None) -> None:
    found = (is_exact(then, now), elapsed_ns(then, now), true_ns(then, now), true_now_ns(then, now))
    assert found == (exact, elapsed, was, here)


def test_the_stamp_of_a_moment() -> None:
    assert stamp(Moment(7, 3, False), "a") == Stamp(7, False, "a", 3)


@given(
    up=st.integers(0, 10**6), runs=st.integers(0, 10**6), off=st.integers(0, 10**6), again=st.integers(0, 10**6),
    lies=st.tuples(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6)),
    trusted=st.tuples(st.booleans(), st.booleans()), restarts=st.booleans(),
)  # fmt: skip
def test_it_never_says_more_than_was(
    up: int, runs: int, off: int, again: int, lies: tuple[int, int], trusted: tuple[bool, bool], restarts: bool
) -> None:
    """A true story: the box ran on, perhaps was off and began anew; a clock that is not trusted says anything."""
    true_then, true_now = 10**7, 10**7 + runs + (off + again if restarts else 0)
    then = Stamp(true_then + (0 if trusted[0] else lies[0]), trusted[0], "a", up)
    boot, monotonic = ("b", again) if restarts else ("a", up + runs)
    now = Stamp(true_now + (0 if trusted[1] else lies[1]), trusted[1], boot, monotonic)
    assert elapsed_ns(then, now) <= true_now - true_then
    assert not is_exact(then, now) or elapsed_ns(then, now) == true_now - true_then
    assert true_ns(then, now) in (None, true_then)
    assert true_now_ns(then, now) in (None, true_now)
