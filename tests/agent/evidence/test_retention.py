"""The least severe gives way, of those the oldest; a newcomer never pushes out what is more severe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.retention import order_of_sending, order_of_shedding, victims
from agent.evidence.rows import Kept


def kept(number: int, rank: int, size: int = 10) -> Kept:
    return Kept(number=number, id=f"{number}", camera="c", kind="snapshot", rank=rank, bytes=size, sha256="")


def numbers(found: list[Kept] | None) -> list[int] | None:
    return None if found is None else [one.number for one in found]


FOUR = [kept(1, 3), kept(2, 1), kept(3, 3), kept(4, 1)]


def test_the_orders() -> None:
    assert numbers(order_of_shedding(FOUR)) == [2, 4, 1, 3]
    assert numbers(order_of_sending(FOUR)) == [1, 3, 2, 4]


@pytest.mark.parametrize(
    ("excess", "newcomer", "expected"),
    [
        (0, None, []),
        (1, None, [2]),
        (25, None, [2, 4, 1]),
        (1_000, None, [2, 4, 1, 3]),  # all there is
        (1, 1, [2]),  # the older gives way to the newer of the same rank
        (25, 1, None),  # the third would be more severe
        (25, 3, [2, 4, 1]),
        (1, 0, None),
        (41, 4, None),  # even without all others there is no room
    ],
)
def test_who_gives_way(excess: int, newcomer: int | None, expected: list[int] | None) -> None:
    assert numbers(victims(FOUR, excess, newcomer=newcomer)) == expected


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 50)), max_size=20), st.integers(0, 400), st.integers(0, 4))
def test_no_more_goes_than_must_and_nothing_more_severe(
    rows: list[tuple[int, int]], excess: int, newcomer: int
) -> None:
    all_ = [kept(number, rank, size) for number, (rank, size) in enumerate(rows)]
    found = victims(all_, excess, newcomer=newcomer)
    if found is None:
        assert sum(one.bytes for one in all_ if one.rank <= newcomer) < excess
        return
    assert sum(one.bytes for one in found) >= excess
    assert sum(one.bytes for one in found[:-1]) < excess or not found
    assert all(one.rank <= newcomer for one in found)
    left = [one for one in all_ if one not in found]
    assert all((gone.rank, gone.number) < (stays.rank, stays.number) for gone in found for stays in left)
