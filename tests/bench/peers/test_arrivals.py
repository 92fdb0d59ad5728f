"""What arrives is counted once, in its order, and waited for."""

from __future__ import annotations

import asyncio

import pytest

from bench.peers.arrivals import Arrivals


def test_what_comes_twice_counts_once() -> None:
    arrivals = Arrivals()
    arrivals.add([1, 2])
    arrivals.add([2, 3])
    assert arrivals.numbers == {1, 2, 3}
    assert len(arrivals.at_s) == 3
    assert arrivals.at_s == sorted(arrivals.at_s)


def test_a_count_only_grows() -> None:
    arrivals = Arrivals()
    arrivals.count_to(3)
    arrivals.count_to(2)
    assert len(arrivals.at_s) == 3


async def test_the_moment_of_the_last_is_told_and_what_is_missing_too() -> None:
    arrivals = Arrivals()
    waiting = asyncio.create_task(arrivals.until(2, 5.0))
    await asyncio.sleep(0)
    arrivals.count_to(2)
    assert await waiting == arrivals.at_s[1]
    with pytest.raises(TimeoutError, match="2 of 3"):
        await arrivals.until(3, 0.0)
