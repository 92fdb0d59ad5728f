"""Dry contacts and report buttons as their wires show them: they bounce when they move, chatter when they are loose."""

from __future__ import annotations

import asyncio

from simulator.gpio_chip import GpioChip

BOUNCES = 4  # of a small relay or push button, within its first millisecond
PRESSED_S = APART_S = 0.3


class Contact:
    """A contact between a line and ground, with a pull-up: closed is 0."""

    def __init__(self, chip: GpioChip, line: int, *, closed: bool) -> None:
        self._chip = chip
        self.line = line
        self.closed = closed
        chip.drive(line, 0 if closed else 1)

    def move(self, *, closed: bool) -> None:
        """Open or close, bouncing."""
        self._chip.glitch(self.line, BOUNCES)
        self.closed = closed
        self._chip.drive(self.line, 0 if closed else 1)

    async def press(self, held_s: float = PRESSED_S) -> None:
        """A person presses a button that is normally open."""
        self.move(closed=True)
        await asyncio.sleep(held_s)
        await self.release()

    async def release(self) -> None:
        """The finger goes away, and is away for a moment."""
        self.move(closed=False)
        await asyncio.sleep(APART_S)

    async def chatter(self, for_s: float, every_s: float = 0.05) -> None:
        """A loose wire: it opens and closes all the time, and is in the end as it was."""
        was = self.closed
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + for_s
        while loop.time() < ends_s:
            self.move(closed=not self.closed)
            await asyncio.sleep(every_s)
        self.move(closed=was)
