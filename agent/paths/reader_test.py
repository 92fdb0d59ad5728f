"""Shows a reader's lights in turn, for somebody who stands before it: accepted, refused, wait.

Taps first  nothing is shown while a card is being decided there, or its light may still be seen; a card that is shown
            meanwhile ends the test.
Raises      Untestable
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent.clock import Clock
from agent.paths.signals import Signals
from agent.sources import SourceState, Station
from drivers.errors import DeviceError
from drivers.readings import Light

LIGHTS = (Light.ACCEPTED, Light.REFUSED, Light.WAIT)
SHOWN_S = 1.0


class Untestable(Exception):
    """A word of docs/protocol.md, section 6: unknown_device, not_working, busy; `what` says it."""

    def __init__(self, word: str, what: str) -> None:
        super().__init__(word)
        self.word = word
        self.what = what


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the device said of one light."""

    light: str
    code: str = ""  # empty: it was taken
    what: str = ""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `reader.test`."""

    device: str
    driver: str
    lights: list[Shown]
    interrupted: bool  # somebody showed a card


class ReaderTest:
    """Of a box's readers."""

    def __init__(self, stations: Sequence[Station], signals: Signals, clock: Clock) -> None:
        self._stations = {one.config.name: one for one in stations if one.config.kind == "reader"}
        self._signals, self._clock = signals, clock
        self._under_test: set[str] = set()

    async def run(self, name: str) -> Tried:
        station = self._testable(name)
        self._under_test.add(name)
        try:
            return await self._try(name, station)
        finally:
            self._under_test.discard(name)

    async def _try(self, name: str, station: Station) -> Tried:
        lights: list[Shown] = []
        for light in LIGHTS:
            if self._signals.taken(name):
                return self._tested(station, lights, interrupted=True)
            lights.append(await self._show(name, light))
            await self._clock.sleep(SHOWN_S)
        return self._tested(station, lights, interrupted=False)

    def _testable(self, name: str) -> Station:
        station = self._stations.get(name)
        if station is None:
            raise Untestable("unknown_device", f"{name} is no reader of this box")
        if station.state is not SourceState.WORKING:
            trouble = station.trouble
            raise Untestable("not_working", f"{trouble.code} {trouble.what}" if trouble else f"{name} is starting")
        if self._signals.taken(name):
            raise Untestable("busy", f"a card is being decided at {name}")
        if name in self._under_test:
            raise Untestable("busy", f"the lights of {name} are being tested already")
        return station

    async def _show(self, name: str, light: Light) -> Shown:
        try:
            await self._signals.try_out(name, light)
        except DeviceError as error:
            return Shown(light=light.value, code=error.code, what=error.what)
        return Shown(light=light.value)

    @staticmethod
    def _tested(station: Station, lights: list[Shown], *, interrupted: bool) -> Tried:
        config = station.config
        return Tried(device=config.name, driver=config.driver, lights=lights, interrupted=interrupted)
