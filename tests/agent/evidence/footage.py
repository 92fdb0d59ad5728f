"""A camera's video under the test's hand: pieces come when it says so."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from drivers.clips import ClipMade, ClipOrder

MADE = ClipMade(plain_bytes=900, plain_sha256="cd" * 32, before_s=5.0, after_s=7.12345)


class HandFootage:
    """Of the shape of agent.evidence.films.Footage."""

    def __init__(self) -> None:
        self.made: ClipMade | None = None
        self.reason = ""
        self.dropped = 0
        self.taken = 0
        self._pieces: deque[bytes] = deque()
        self._over = False
        self._news = asyncio.Event()

    def give(self, size: int) -> None:
        self._pieces.append(bytes(size))
        self._news.set()

    def end(self, made: ClipMade | None = MADE, reason: str = "") -> None:
        self.made, self.reason, self._over = made, reason, True
        self._news.set()

    def drop(self) -> None:
        self.dropped += 1
        if not self._over:
            self.end(None, "stopped")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while self._pieces:
                yield self._pieces.popleft()
                self.taken += 1
            if self._over:
                return
            self._news.clear()
            await self._news.wait()


class HandFilms:
    """Of the shape of agent.evidence.films.Films: every camera gives a video, but those that do not."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, ClipOrder]] = []
        self.footage: list[HandFootage] = []
        self.refusals: dict[str, str] = {}
        self.gone = False

    def refusal(self, camera: str) -> str:
        return self.refusals.get(camera, "")

    def film(self, camera: str, order: ClipOrder) -> HandFootage | None:
        self.orders.append((camera, order))
        if self.gone:
            return None
        self.footage.append(HandFootage())
        return self.footage[-1]
