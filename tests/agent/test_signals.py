"""A lamp beside a reader shows what the reader shows, and costs no tap when it cannot."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest

from agent.config import SourceConfig
from agent.signals import Signals
from drivers.driver import Counters
from drivers.errors import DeviceError
from drivers.readings import Light, Reading
from tests.drivers.supervised import until

GONE = DeviceError("G-101", "the lamp went away", do="Check the plug.")


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


def reader(signal: str = "") -> SourceConfig:
    return SourceConfig(name="canteen-1", kind="reader", driver="d", settings=Settings(), places={}, signal=signal)


async def test_the_lamp_of_a_reader_shows_its_light() -> None:
    signals, own, lamp, other = Signals(), Device(), Device(), Device()
    signals.opened("lamp-1", lamp)
    signals.opened("lamp-2", other)
    await signals.show(reader("lamp-1"), own, Light.ACCEPTED)
    await until(lambda: lamp.lights)
    assert (own.lights, lamp.lights, other.lights) == ([Light.ACCEPTED], [Light.ACCEPTED], [])
    signals.closed("lamp-1")
    await signals.show(reader("lamp-1"), own, Light.REFUSED)
    await asyncio.sleep(0)
    assert (own.lights, lamp.lights) == ([Light.ACCEPTED, Light.REFUSED], [Light.ACCEPTED])


async def test_a_reader_without_a_lamp_shows_its_own() -> None:
    own = Device()
    await Signals().show(reader(), own, Light.WAIT)
    assert own.lights == [Light.WAIT]


async def test_a_broken_lamp_costs_no_tap(caplog: pytest.LogCaptureFixture) -> None:
    signals, own = Signals(), Device()
    signals.opened("lamp-1", Device(GONE))
    with caplog.at_level(logging.WARNING):
        await signals.show(reader("lamp-1"), own, Light.ACCEPTED)
        await until(lambda: caplog.records)
    assert own.lights == [Light.ACCEPTED]
    assert "lamp-1 shows nothing: G-101" in caplog.text


async def test_a_lamp_that_is_stuck_delays_nobody_and_the_newest_light_wins() -> None:
    signals, own, lamp = Signals(), Device(), Device()
    signals.opened("lamp-1", lamp)
    lamp.stuck = True
    await signals.show(reader("lamp-1"), own, Light.ACCEPTED)
    await asyncio.sleep(0)
    lamp.stuck = False
    await signals.show(reader("lamp-1"), own, Light.REFUSED)
    await until(lambda: lamp.lights)
    assert (own.lights, lamp.lights) == ([Light.ACCEPTED, Light.REFUSED], [Light.REFUSED])


async def test_what_a_lamp_still_shows_ends_with_it() -> None:
    signals, lamp = Signals(), Device()
    signals.opened("lamp-1", lamp)
    lamp.stuck = True
    before = asyncio.all_tasks()
    await signals.show(reader("lamp-1"), Device(), Light.ACCEPTED)
    signals.closed("lamp-1")
    await until(lambda: asyncio.all_tasks() == before)


async def test_a_reader_that_fails_is_the_readers_trouble() -> None:
    with pytest.raises(DeviceError, match="G-101"):
        await Signals().show(reader(), Device(GONE), Light.ACCEPTED)


async def test_a_lamp_with_a_defect_costs_nothing_either(caplog: pytest.LogCaptureFixture) -> None:
    signals, own = Signals(), Device()
    signals.opened("lamp-1", Device(ZeroDivisionError("a defect")))
    await signals.show(reader("lamp-1"), own, Light.ACCEPTED)
    await until(lambda: "lamp-1 shows nothing" in caplog.text)
    assert own.lights == [Light.ACCEPTED]
