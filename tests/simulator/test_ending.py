"""A day that ends is noticed at once; one that goes on is waited for as long as was said."""

from __future__ import annotations

import asyncio

from simulator.ending import ends_within


async def test_it_ends_or_it_does_not() -> None:
    ending = asyncio.Event()
    assert not await ends_within(ending, 0.01)
    waiting = asyncio.create_task(ends_within(ending, 60))
    ending.set()
    assert await asyncio.wait_for(waiting, 10)
