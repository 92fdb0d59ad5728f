"""A clip that a cell makes, as its sealed pieces come: the next one is asked for when the last one is dealt with."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from drivers.cell_wire import CellWireError, ClipDrop, ClipOver, ClipPiece, ClipTaken, ToCell
from drivers.clips import PIECE_BYTES, PIECES_AHEAD, ClipMade

ENDED = "interrupted"  # with its cell


class Footage:
    """Iterate over the pieces to their end; then `made`, or the reason why there is none."""

    def __init__(self, number: int, say: Callable[[ToCell], None]) -> None:
        self.made: ClipMade | None = None
        self.reason = ""
        self._number = number
        self._say = say
        self._pieces: deque[bytes] = deque()
        self.over = asyncio.Event()  # nothing more comes
        self._news = asyncio.Event()

    def hear(self, message: ClipPiece | ClipOver) -> None:
        """Raises CellWireError where the child does not keep to its turn."""
        if isinstance(message, ClipOver):
            self._end(message.made, message.reason or ("" if message.made else "failed"))
            return
        if self.over.is_set() or len(self._pieces) >= PIECES_AHEAD or len(message.data) > PIECE_BYTES:
            raise CellWireError("a piece of a clip out of turn")
        self._pieces.append(message.data)
        self._news.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._end(None, ENDED)

    def drop(self) -> None:
        """Nobody wants it any more."""
        if not self.over.is_set():
            self._say(ClipDrop(self._number))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while self._pieces:
                yield self._pieces.popleft()
                self._say(ClipTaken(self._number))
            if self.over.is_set():
                return
            self._news.clear()
            await self._news.wait()

    def _end(self, made: ClipMade | None, reason: str) -> None:
        if not self.over.is_set():
            self.made, self.reason = made, reason
            self.over.set()
            self._news.set()
