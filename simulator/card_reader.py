"""Card readers on a serial line: RDM6300 and IronLogic Z-2, with a light that the agent switches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from simulator.serial_line import Pty, SerialLine, own_pty

REPEAT_S = 0.05  # an RDM6300 repeats a held card so often
HELD_S = 0.2
ALERTS = b"!?"  # an incident waits, a drill: told to whoever sees the reader, not to the child before it


def rdm6300_frame(card: bytes) -> bytes:
    """STX, the five bytes and their XOR as hex, ETX."""
    check = 0
    for byte in card:
        check ^= byte
    return b"\x02" + (card + bytes([check])).hex().upper().encode() + b"\x03"


def ironlogic_line(card: bytes) -> bytes:
    """The two high bytes in brackets, then facility and number."""
    number = int.from_bytes(card[3:5], "big")
    return f"Em-Marine[{card[:2].hex().upper()}] {card[2]:03d},{number:05d}\r\n".encode()


class CardReader:
    """A reader; show() holds a card before it and tells which light came."""

    card_bytes = 5

    def __init__(self, name: str, link: Path, kind: str, open_pty: Callable[[], Pty] = own_pty) -> None:
        self.name = name
        self.kind = kind
        self.line = SerialLine(link, on_data=self._lit, open_pty=open_pty)
        self.latency_ms: list[float] = []
        self.last_light = ""
        self.alerts = 0  # how often it has shown that an incident waits
        self.dark = False  # its lights are broken: nobody sees what it shows
        self._away_s = 0.0  # when the last card is taken away, by the loop's clock
        self._light: asyncio.Future[tuple[str, float]] | None = None

    def takes_cards(self) -> bool:
        """It is plugged in."""
        return self.line.plugged

    def number(self, card: bytes) -> str:
        """Form and number of a card as this reader tells it."""
        return f"em4100:{card.hex().upper()}"

    async def away(self) -> None:
        """Returns when the last card is taken away."""
        await asyncio.sleep(self._away_s - asyncio.get_running_loop().time())

    async def show(self, card: bytes, patience_s: float) -> str:
        """Hold a card; returns its light's letter, or nothing if none came in time. The card before must be away."""
        await self.away()
        self._light = asyncio.get_running_loop().create_future()
        sent_s = self._read_aloud(card)
        shown_s = time.monotonic()
        try:
            async with asyncio.timeout(patience_s):
                light, at_s = await self._light
        except TimeoutError:
            self.last_light = ""
            return ""
        finally:
            self._light = None
            if self.kind == "ironlogic":
                self.line.send(b"No card\r\n")
        self.latency_ms.append((at_s - shown_s - sent_s) * 1e3)
        self.last_light = light
        return light

    def _read_aloud(self, card: bytes) -> float:
        """Send what the reader sends for this card. Returns when its first frame is out."""
        if self.kind == "ironlogic":
            return self.line.send(ironlogic_line(card))
        first_s = self.line.send(rdm6300_frame(card))
        loop = asyncio.get_running_loop()
        for repeat in range(1, int(HELD_S / REPEAT_S)):
            loop.call_later(repeat * REPEAT_S, self.line.send, rdm6300_frame(card))
        self._away_s = loop.time() + HELD_S
        return first_s

    def _lit(self, data: bytes) -> None:
        lights = bytes(letter for letter in data.strip() if letter not in ALERTS)
        self.alerts += sum(letter in ALERTS for letter in data)
        if not lights.strip():
            return
        light = "" if self.dark else lights.strip()[-1:].decode(errors="replace")
        if self._light is not None and not self._light.done():
            self._light.set_result((light, time.monotonic()))
