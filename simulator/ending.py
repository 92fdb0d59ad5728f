"""Waiting in a day that may end meanwhile."""

from __future__ import annotations

import asyncio


async def ends_within(ending: asyncio.Event, seconds: float) -> bool:
    """Wait so long. True, and at once, if the day ends meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await ending.wait()
    except TimeoutError:
        return False
    return True
