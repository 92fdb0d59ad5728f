"""Receipts cross each other: the prefix moves over what is whole, and nothing is settled that was not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.outbox.settled import Settled

Range = tuple[int, int]
RANGES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 8)).map(lambda pair: (pair[0], sum(pair))), max_size=20)
CASES: list[tuple[str, int, list[Range], int, list[Range]]] = [
    ("in order", 0, [(1, 3), (4, 6)], 6, []),
    ("crossed", 0, [(4, 6), (1, 3)], 6, []),
    ("a hole stays open", 0, [(1, 3), (5, 6)], 3, [(5, 6)]),
    ("the hole closes", 0, [(1, 3), (5, 6), (4, 4)], 6, []),
    ("two holes", 0, [(8, 9), (3, 4), (1, 1)], 1, [(3, 4), (8, 9)]),
    ("neighbours become one", 0, [(5, 6), (7, 8)], 0, [(5, 8)]),
    ("one spans others", 0, [(3, 4), (7, 8), (2, 9)], 0, [(2, 9)]),
    ("again", 3, [(1, 3), (2, 3)], 3, []),
    ("over the prefix", 3, [(2, 5)], 5, []),
    ("an empty range", 3, [(9, 8)], 3, []),
]


@pytest.mark.parametrize(
    ("prefix", "added", "after", "beyond"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_the_prefix_moves_over_what_is_whole(prefix: int, added: list[Range], after: int, beyond: list[Range]) -> None:
    settled = Settled(prefix)
    for first, last in added:
        settled.add(first, last)
    assert (settled.prefix, settled.beyond()) == (after, beyond)


def test_add_tells_whether_the_prefix_moved() -> None:
    settled = Settled()
    assert [settled.add(3, 4), settled.add(1, 1), settled.add(1, 1), settled.add(2, 2)] == [False, True, False, True]


@given(prefix=st.integers(0, 10), added=RANGES)
def test_it_holds_what_a_set_would_hold(prefix: int, added: list[Range]) -> None:
    settled, truth = Settled(prefix), set(range(1, prefix + 1))
    for first, last in added:
        settled.add(first, last)
        truth |= set(range(first, last + 1))
    assert {number for number in range(1, 60) if settled.covers(number)} == truth
    assert settled.prefix == next(number for number in range(60) if number + 1 not in truth)
    flat = [edge for one in settled.beyond() for edge in one]
    assert flat == sorted(flat)
    assert all(right[0] > left[1] + 1 for left, right in pairwise(settled.beyond()))


@given(prefix=st.integers(0, 10), added=RANGES, first=st.integers(1, 40), length=st.integers(0, 15))
def test_what_is_missing_is_exactly_what_it_does_not_hold(
    prefix: int, added: list[Range], first: int, length: int
) -> None:
    settled = Settled(prefix)
    for one in added:
        settled.add(*one)
    missing = settled.missing(first, first + length)
    named = [number for begin, end in missing for number in range(begin, end + 1)]
    assert named == [number for number in range(first, first + length + 1) if not settled.covers(number)]
    assert all(right[0] > left[1] + 1 for left, right in pairwise(missing))
