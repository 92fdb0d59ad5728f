"""A reader that types, with a lamp beside it: what a child sees is the lamp."""

from __future__ import annotations

import asyncio
import time

from simulator.gpio_chip import GpioChip
from simulator.typing_reader import TypingReader

LOOK_S = 0.005


class Lamp:
    """Two lines of a chip."""

    def __init__(self, chip: GpioChip, *, green: int, red: int) -> None:
        self._chip = chip
        self._green, self._red = green, red

    def lit(self) -> str:
        """G, R, or nothing: it is dark."""
        try:
            return "G" if self._chip.level(self._green) else "R" if self._chip.level(self._red) else ""
        except (OSError, ValueError):
            return ""  # the chip is gone


class LampedReader:
    """The two together, as one that takes cards."""

    card_bytes = 4

    def __init__(self, typing: TypingReader, lamp: Lamp) -> None:
        self.name = typing.name
        self.last_light = ""
        self.latency_ms: list[float] = []
        self._typing = typing
        self._lamp = lamp

    def takes_cards(self) -> bool:
        """It is plugged in."""
        return self._typing.plugged

    def number(self, card: bytes) -> str:
        """Form and number of a card of four bytes as this reader tells it."""
        return f"wiegand34:{card.hex().upper()}"

    async def show(self, card: bytes, patience_s: float) -> str:
        """Hold a card; returns G or R, or nothing if the lamp stayed dark. The light before must have gone out."""
        ends_s = time.monotonic() + patience_s
        while self._lamp.lit() and time.monotonic() < ends_s:
            await asyncio.sleep(LOOK_S)
        await self._typing.show(card, patience_s)
        shown_s = time.monotonic()
        while not (light := self._lamp.lit()) and time.monotonic() < shown_s + patience_s:
            await asyncio.sleep(LOOK_S)
        self.last_light = light
        if light:
            self.latency_ms.append((time.monotonic() - shown_s) * 1e3)
        return light
