"""What the centre says it has stored: the last welcome's word, and how it is asked for anew.

A birth may be told at any time, and the centre answers it (docs/protocol.md, section 4). What the box held as stored is
taken down before it asks: the answer is later than that, so it can only be as much or more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from agent.clock import Clock
from agent.sync.topics import StoredLane, Welcome
from agent.wall_time import rfc3339

WITHIN_S = 5.0


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The centre's word, and when it came."""

    at: str  # by the box's clock
    stored: Sequence[StoredLane]


class CentreWord:
    """One per link."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asking: set[asyncio.Future[Said]] = set()
        self.last: Said | None = None  # None: no welcome yet

    def take(self, welcome: Welcome) -> None:
        """One that is verified."""
        self.last = Said(at=rfc3339(self._clock.utc_ns()), stored=welcome.stored)
        for future in self._asking:
            if not future.done():
                future.set_result(self.last)

    async def asked(self, tell_birth: Callable[[], None]) -> Said:
        """The word that answers a birth of now. Raises TimeoutError, and what telling it raises."""
        future: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._asking.add(future)
        try:
            tell_birth()
            async with asyncio.timeout(WITHIN_S):
                return await future
        finally:
            self._asking.discard(future)
