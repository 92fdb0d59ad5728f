"""Lights in turn for somebody who looks; a card goes before it."""

from __future__ import annotations

from typing import Any

import pytest

from agent.config import SourceConfig
from agent.paths.reader_test import LIGHTS, ReaderTest, Untestable
from agent.paths.signals import Signals
from agent.sources import SourceState, Station, Trouble
from drivers.driver import Counters
from drivers.errors import DeviceError
from drivers.readers import serial_ascii
from drivers.readings import Light
from tests.clock import FastClock


class Reader:
    """Shows lights; `broken` says why it shows none."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.shown: list[Light] = []
        self.broken: DeviceError | None = None

    def __aiter__(self) -> Any:
        raise AssertionError

    async def show(self, light: Light) -> None:
        if self.broken is not None:
            raise self.broken
        self.shown.append(light)


class Room:
    def __init__(self) -> None:
        self.clock, self.reader = FastClock(), Reader()
        self.signals = Signals(self.clock)
        settings = serial_ascii.Settings(port="/dev/x")
        config = SourceConfig(name="gym", kind="reader", driver="serial_ascii", settings=settings, places={})
        self.station = Station(config, self.clock)
        self.station.state = SourceState.WORKING
        self.signals.opened("gym", self.reader)
        self.test = ReaderTest([self.station], self.signals, self.clock)


async def test_each_light_is_shown_for_a_while() -> None:
    room = Room()
    tested = await room.test.run("gym")
    assert room.reader.shown == list(LIGHTS)
    assert [(one.light, one.code) for one in tested.lights] == [(light.value, "") for light in LIGHTS]
    assert (tested.device, tested.driver, tested.interrupted) == ("gym", "serial_ascii", False)
    assert room.clock.up_ns / 1e9 == pytest.approx(1 + 3)


async def test_what_the_device_says_is_told() -> None:
    room = Room()
    room.reader.broken = DeviceError("R-104", "it does not answer", do="Look at its plug.")
    tested = await room.test.run("gym")
    assert [(one.code, one.what) for one in tested.lights] == [("R-104", "it does not answer")] * 3


async def test_a_card_that_is_being_decided_goes_first() -> None:
    room = Room()
    with room.signals.deciding("gym"), pytest.raises(Untestable, match="busy"):
        await room.test.run("gym")
    await room.signals.show(room.station.config, room.reader, Light.ACCEPTED)
    with pytest.raises(Untestable, match="busy"):  # its light is still seen
        await room.test.run("gym")
    room.clock.advance(10)
    assert not (await room.test.run("gym")).interrupted


async def test_a_card_that_comes_meanwhile_ends_it() -> None:
    room = Room()
    real = room.clock.sleep

    async def tap(seconds: float) -> None:
        await real(seconds)
        await room.signals.show(room.station.config, room.reader, Light.REFUSED)

    room.clock.sleep = tap  # type: ignore[method-assign]
    tested = await room.test.run("gym")
    assert (len(tested.lights), tested.interrupted) == (1, True)
    assert room.reader.shown == [Light.ACCEPTED, Light.REFUSED]


async def test_what_cannot_be_tested_is_said() -> None:
    room = Room()
    with pytest.raises(Untestable, match="unknown_device"):
        await room.test.run("hall")
    room.station.state, room.station.trouble = SourceState.FAILED, Trouble("P-101", "there is no port", "Plug it in.")
    with pytest.raises(Untestable, match="not_working") as caught:
        await room.test.run("gym")
    assert caught.value.what == "P-101 there is no port"


async def test_a_reader_that_went_away_says_so() -> None:
    room = Room()
    room.signals.closed("gym")
    assert {one.code for one in (await room.test.run("gym")).lights} == {"P-109"}
