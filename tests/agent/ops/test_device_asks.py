"""One device as the running agent has it: its state, its parts with codes, its last card's form, never a number."""

from __future__ import annotations

import msgspec
import pytest

from agent.config import SourceConfig
from agent.errors import AgentError
from agent.ops.device_asks import DeviceNow, device_asks, part_of
from agent.school.told import Told
from agent.sources import SourceState, Station, Trouble
from drivers.readings import ContactChange, ContactState, Pressed, ZoneChange, ZoneState
from tests.clock import FastClock


class Settings(msgspec.Struct, frozen=True):
    pass


def zone(number: int, state: ZoneState) -> ZoneChange:
    return ZoneChange(zone=number, state=state, before=None, codes=(37,), words="smoke", at_ns=5, monotonic_ns=6)


async def test_a_sensor_with_its_parts() -> None:
    config = SourceConfig(name="panel", kind="sensor", driver="some", settings=Settings(), places={2: "gym"})
    station, told = Station(config, FastClock()), Told()
    told.news(zone(2, ZoneState.FIRE), "panel", 2)
    told.news(zone(10, ZoneState.NORMAL), "panel", 10)
    told.news(
        ContactChange(contact="tamper", state=ContactState.IDLE, before=None, at_ns=1, monotonic_ns=1),
        "panel",
        "tamper",
    )
    station.now(SourceState.FAILED, Trouble("P-101", "gone", "Plug it in."), 1)
    now = await device_asks([station], told)["device-now"]({"device": "panel"}, "olga")
    assert isinstance(now, DeviceNow)
    assert (now.state, now.code, now.last_form) == ("failed", "P-101", "")
    assert [(one.kind, one.part, one.place, one.state, one.codes) for one in now.parts] == [
        ("zone", "2", "gym", "fire", [37]),
        ("zone", "10", "", "normal", [37]),
        ("contact", "tamper", "", "idle", []),
    ]


async def test_what_is_no_device_is_refused() -> None:
    for args, code in (({"device": "gate"}, "X-205"), ({}, "U-122"), ({"device": ""}, "U-122")):
        with pytest.raises(AgentError, match=code):
            await device_asks([], Told())["device-now"](args, "olga")


def test_a_press_is_no_part() -> None:
    assert part_of(Pressed(at_ns=1, monotonic_ns=1), {}) is None
