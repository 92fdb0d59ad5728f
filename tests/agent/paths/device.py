"""A device of the tests: it remembers what it was to show."""

from __future__ import annotations

import asyncio

import msgspec

from drivers.driver import Counters
from drivers.readings import Light, Reading


class Settings(msgspec.Struct, frozen=True):
    port: str = ""


class Device:
    """A source that remembers its lights, or fails to show them."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.counters = Counters()
        self.lights: list[Light] = []
        self._trouble = trouble
        self.stuck = False

    def __aiter__(self) -> Device:
        return self

    async def __anext__(self) -> Reading:
        raise StopAsyncIteration

    async def show(self, light: Light) -> None:
        if self._trouble:
            raise self._trouble
        if self.stuck:
            await asyncio.Event().wait()
        self.lights.append(light)
