"""A reader that types, with a lamp beside it: what a child sees and hears is the lamp."""

from __future__ import annotations

import asyncio
import time

from simulator.gpio_chip import GpioChip
from simulator.typing_reader import TypingReader

LOOK_S = 0.005
LONG_S = {"R": 0.5, "Y": 0.25}  # a beep that lasts longer is a long one, with red or with yellow
SHORT, LONG = {"R": "R", "Y": "A"}, {"R": "U", "Y": "W"}


class Lamp:
    """Three lights and a buzzer, on lines of a chip."""

    def __init__(self, chip: GpioChip, *, green: int, red: int, yellow: int, buzzer: int) -> None:
        self._chip = chip
        self._lights = {"G": green, "R": red, "Y": yellow}
        self._buzzer = buzzer

    def lit(self) -> str:
        """G, R or Y, or nothing: it is dark."""
        return next((letter for letter, line in self._lights.items() if self._is_on(line)), "")

    def sounds(self) -> bool:
        return self._is_on(self._buzzer)

    def _is_on(self, line: int) -> bool:
        try:
            return bool(self._chip.level(line))
        except (OSError, ValueError):
            return False  # the chip is gone


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
        """Hold a card; returns its light's letter, or nothing if the lamp stayed dark.

        The light before must have gone out, but for that of "ready", which stays until the next card.
        """
        ends_s = time.monotonic() + patience_s
        while (self._lamp.lit() and self.last_light != "A") and time.monotonic() < ends_s:
            await asyncio.sleep(LOOK_S)
        before = self._lamp.lit()
        await self._typing.show(card, patience_s)
        shown_s = time.monotonic()
        while not (seen := self._new(before)) and time.monotonic() < shown_s + patience_s:
            await asyncio.sleep(LOOK_S)
        if seen:
            self.latency_ms.append((time.monotonic() - shown_s) * 1e3)
        self.last_light = await self._heard(seen) if seen in LONG_S else seen
        return self.last_light

    def _new(self, before: str) -> str:
        """The light of this card: another than before, or one that begins with a beep."""
        seen = self._lamp.lit()
        return seen if seen != before or self._lamp.sounds() else ""

    async def _heard(self, seen: str) -> str:
        """The letter of a light, by how long its first beep is."""
        began_s = time.monotonic()
        while self._lamp.sounds():
            if time.monotonic() - began_s > LONG_S[seen]:
                return LONG[seen]
            await asyncio.sleep(LOOK_S)
        return SHORT[seen]
