"""A lamp beside a reader shows what the reader shows, and costs no tap when it cannot."""

from __future__ import annotations

import asyncio
import logging

import pytest

from agent.config import SourceConfig
from agent.paths.signals import READY_S, TAP_S, Signals
from drivers.errors import DeviceError
from drivers.readings import Light
from tests.agent.paths.device import Device, Settings
from tests.clock import FastClock
from tests.drivers.supervised import until

GONE = DeviceError("G-101", "the lamp went away", do="Check the plug.")


def reader(signal: str = "") -> SourceConfig:
    return SourceConfig(name="canteen-1", kind="reader", driver="d", settings=Settings(), places={}, signal=signal)


async def test_the_lamp_of_a_reader_shows_its_light() -> None:
    signals, own, lamp, other = Signals(FastClock()), Device(), Device(), Device()
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
    await Signals(FastClock()).show(reader(), own, Light.WAIT)
    assert own.lights == [Light.WAIT]


async def test_a_broken_lamp_costs_no_tap(caplog: pytest.LogCaptureFixture) -> None:
    signals, own = Signals(FastClock()), Device()
    signals.opened("lamp-1", Device(GONE))
    with caplog.at_level(logging.WARNING):
        await signals.show(reader("lamp-1"), own, Light.ACCEPTED)
        await until(lambda: caplog.records)
    assert own.lights == [Light.ACCEPTED]
    assert "lamp-1 shows nothing: G-101" in caplog.text


async def test_a_lamp_that_is_stuck_delays_nobody_and_the_newest_light_wins() -> None:
    signals, own, lamp = Signals(FastClock()), Device(), Device()
    signals.opened("lamp-1", lamp)
    lamp.stuck = True
    await signals.show(reader("lamp-1"), own, Light.ACCEPTED)
    await asyncio.sleep(0)
    lamp.stuck = False
    await signals.show(reader("lamp-1"), own, Light.REFUSED)
    await until(lambda: lamp.lights)
    assert (own.lights, lamp.lights) == ([Light.ACCEPTED, Light.REFUSED], [Light.REFUSED])


async def test_what_a_lamp_still_shows_ends_with_it() -> None:
    signals, lamp = Signals(FastClock()), Device()
    signals.opened("lamp-1", lamp)
    lamp.stuck = True
    before = asyncio.all_tasks()
    await signals.show(reader("lamp-1"), Device(), Light.ACCEPTED)
    signals.closed("lamp-1")
    await until(lambda: asyncio.all_tasks() == before)


async def test_a_reader_that_fails_is_the_readers_trouble() -> None:
    with pytest.raises(DeviceError, match="G-101"):
        await Signals(FastClock()).show(reader(), Device(GONE), Light.ACCEPTED)


async def test_a_lamp_with_a_defect_costs_nothing_either(caplog: pytest.LogCaptureFixture) -> None:
    signals, own = Signals(FastClock()), Device()
    signals.opened("lamp-1", Device(ZeroDivisionError("a defect")))
    await signals.show(reader("lamp-1"), own, Light.ACCEPTED)
    await until(lambda: "lamp-1 shows nothing" in caplog.text)
    assert own.lights == [Light.ACCEPTED]


async def test_an_incident_is_shown_where_no_tap_is() -> None:
    clock = FastClock()
    signals, own, lamp, door = Signals(clock), Device(), Device(), Device()
    for name, device in (("canteen-1", own), ("lamp-1", lamp), ("door", door)):
        signals.opened(name, device)
    await signals.show(reader("lamp-1"), own, Light.ACCEPTED)
    signals.alert(["canteen-1", "lamp-1", "door", "gone"], Light.ALERT)
    await until(lambda: door.lights)
    assert (own.lights, lamp.lights, door.lights) == ([Light.ACCEPTED], [Light.ACCEPTED], [Light.ALERT])
    clock.advance(TAP_S)
    signals.alert(["canteen-1", "lamp-1"], Light.ALERT)
    await until(lambda: own.lights[1:] and lamp.lights[1:])
    assert own.lights == lamp.lights == [Light.ACCEPTED, Light.ALERT]


async def test_an_operator_who_is_about_to_show_a_card_is_not_disturbed() -> None:
    clock = FastClock()
    signals, own = Signals(clock), Device()
    signals.opened("canteen-1", own)
    await signals.show(reader(), own, Light.READY)
    clock.advance(TAP_S)
    signals.alert(["canteen-1"], Light.ALERT)
    clock.advance(READY_S)
    signals.alert(["canteen-1"], Light.DRILL)
    await until(lambda: own.lights[1:])
    assert own.lights == [Light.READY, Light.DRILL]


async def test_a_tap_comes_before_an_incident_that_is_on_its_way() -> None:
    signals, own = Signals(FastClock()), Device()
    signals.opened("canteen-1", own)
    own.stuck = True
    signals.alert(["canteen-1"], Light.ALERT)
    await asyncio.sleep(0)
    own.stuck = False
    await signals.show(reader(), own, Light.ACCEPTED)
    assert own.lights == [Light.ACCEPTED]
