"""Pictures that wait for a line: whole groups give way where it is too slow, so that nothing grows and nothing is old.

A group is a keyframe and what hangs on it. Where pictures wait too long, or are too many, all goes up to the newest
keyframe that waits; where that is the first, all after it until another comes. What is sent can always be decoded.

Shape   put(), take() and end() on one event loop. Pure of clocks but the one given.
"""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from drivers.cameras.ring import Form, Packet

LATE_S = 3.0
MOST_BYTES = 4 << 20


class Waiting(msgspec.Struct, frozen=True):
    packet: Packet
    form: Form
    since_s: float


class Backlog:
    """Of one view. `skipped`: how often something gave way."""

    def __init__(self, late_s: float = LATE_S, most_bytes: int = MOST_BYTES) -> None:
        self.skipped = 0
        self._late_s = late_s
        self._most_bytes = most_bytes
        self._waiting: deque[Waiting] = deque()
        self._size = 0
        self._needs_key = True
        self._news = asyncio.Event()
        self._end: Exception | None = None

    def put(self, packet: Packet, form: Form, now_s: float) -> None:
        if packet.is_key:
            self._needs_key = False
        elif self._needs_key:
            return
        self._waiting.append(Waiting(packet, form, now_s))
        self._size += len(packet.data)
        if self._size > self._most_bytes or now_s - self._waiting[0].since_s > self._late_s:
            self._shed()
        self._news.set()

    def end(self, error: Exception) -> None:
        """Nothing more goes, also of what waits."""
        self._end = error
        self._news.set()

    async def take(self) -> Waiting:
        """The next one, as soon as there is one. Raises what it was ended with."""
        while self._end is None and not self._waiting:
            self._news.clear()
            await self._news.wait()
        if self._end is not None:
            raise self._end
        found = self._waiting.popleft()
        self._size -= len(found.packet.data)
        return found

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._size

    def _shed(self) -> None:
        """The newest keyframe stays, and what hangs on it if something gave way before it."""
        newest = max((at for at, one in enumerate(self._waiting) if one.packet.is_key), default=-1)
        kept = list(self._waiting)[newest:] if newest > 0 else list(self._waiting)[: newest + 1]
        if len(kept) == len(self._waiting):
            return  # a keyframe alone goes out however large: without it there is no picture at all
        self.skipped += 1
        self._needs_key = newest <= 0
        self._waiting = deque(kept)
        self._size = sum(len(one.packet.data) for one in kept)
