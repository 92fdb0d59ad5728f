"""The reader with a lamp: the true lamp driver on the simulated chip is seen and heard as what it shows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.clock import SystemClock
from drivers.readings import Light
from drivers.signals import gpio_signal
from simulator.lamped_reader import Lamp, LampedReader
from simulator.typing_reader import TypingReader
from tests.drivers.gpio_peer import simulated_chip
from tests.secrets import no_secrets

PINS = {"green": 22, "red": 23, "yellow": 24, "buzzer": 25}
LETTERS = {Light.ACCEPTED: "G", Light.REFUSED: "R", Light.WAIT: "W", Light.READY: "A", Light.UNKNOWN: "U"}


class Silent(TypingReader):
    """Its keys go nowhere; the light comes by itself."""

    def __init__(self, folder: Path, source: gpio_signal.GpioSignal) -> None:
        super().__init__("hall", folder / "hall")
        self._source = source
        self.next = Light.ACCEPTED

    async def show(self, card: bytes, patience_s: float) -> str:
        await self._source.show(self.next)
        return ""


@pytest.fixture
async def lamp(tmp_path: Path) -> AsyncIterator[tuple[Lamp, gpio_signal.GpioSignal]]:
    with simulated_chip(tmp_path, PINS.values()) as chip:
        settings = gpio_signal.Settings(chip=str(chip.folder), **PINS)
        async with gpio_signal.connect(settings, SystemClock(), no_secrets) as source:

            async def play() -> None:
                async for _ in source:
                    pass

            task = asyncio.create_task(play())
            yield Lamp(chip, **PINS), source
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_each_light_is_told_by_colour_and_beep(lamp: tuple[Lamp, gpio_signal.GpioSignal], tmp_path: Path) -> None:
    """One after the other; the card after "ready" does not wait for its light to go out."""
    reader = LampedReader(typing := Silent(tmp_path, lamp[1]), lamp[0])
    assert set(LETTERS) == set(Light) - {Light.ALARM, Light.ALERT, Light.DRILL}  # those are no answer to a card
    turns = (Light.READY, Light.WAIT, Light.READY, Light.READY, Light.UNKNOWN, Light.ACCEPTED, Light.REFUSED)
    for light in turns:
        typing.next = light
        assert await reader.show(b"\1\2\3\4", 5.0) == LETTERS[light]
    assert len(reader.latency_ms) == len(turns)
