"""How the panel fails: each trouble has its code, ends by itself within two seconds after the device is back, and never
tells a state that was not there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.sources import RETRY_S
from drivers.errors import DeviceError
from drivers.readings import ZoneState
from drivers.sensors import modbus_panel
from drivers.sensors.modbus_panel import BUSY_MOST, Settings
from simulator.processes import free_port
from simulator.smoke_detector import SMOKE, SmokeDetector
from tests.drivers.sensors.far_panel import NAMES, FarPanel, duct, far_panel, over_serial, over_tcp, read_for_ever, told
from tests.drivers.supervised import kept_reading, until

BACK_S = 2.0


async def fails_with(settings: Settings) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await read_for_ever(settings)
    return caught.value


def silent(far: FarPanel) -> None:
    far.agent_end.silent = True


def speaking(far: FarPanel) -> None:
    far.agent_end.silent = False
    far.agent_end.disturb = None


def garbling(far: FarPanel) -> None:
    far.agent_end.disturb = lambda data: bytes(byte ^ 0x55 for byte in data)


def crc_wrong(far: FarPanel) -> None:
    far.agent_end.disturb = lambda data: data[:-1] + bytes([data[-1] ^ 1])


def noisy(far: FarPanel) -> None:
    far.agent_end.disturb = lambda data: b"\x00\xff\x13" + data


def cut_short(far: FarPanel) -> None:
    far.agent_end.disturb = lambda data: data[: len(data) // 2]


Change = Callable[[FarPanel], None]
FAILURES: list[tuple[Change, Change, list[str]]] = [
    (silent, speaking, ["S-101"]),
    (garbling, speaking, ["S-102"]),
    (crc_wrong, speaking, ["S-102"]),
    (cut_short, speaking, ["S-102"]),
    (noisy, speaking, ["S-102"]),
    (lambda far: far.agent_end.unplug(), lambda far: far.agent_end.plug(), ["S-105", "P-101"]),
]


@pytest.mark.parametrize(
    ("begin", "end", "codes"), FAILURES, ids=["silent", "garbled", "wrong CRC", "cut short", "noise", "unplugged"]
)
async def test_a_trouble_has_its_code_and_ends_within_two_seconds(
    serial: FarPanel, begin: Change, end: Change, codes: list[str]
) -> None:
    """What burns when it is back is told, and nothing else was."""
    timeout_s = 0.3 if codes == ["S-102"] else 1.0  # the shorter one only for the test's own sake
    async with kept_reading(modbus_panel, over_serial(serial, timeout_s=timeout_s)) as kept:
        await until(lambda: len(kept.readings) == len(NAMES))
        begin(serial)
        await until(lambda: kept.states[1:] == codes)
        serial.set(1, (37, 24))
        end(serial)
        assert await until(kept.works) < BACK_S
        await until(lambda: len(kept.readings) == 2 * len(NAMES))
    assert kept.states == ["working", *codes, "working"]
    assert told(kept)[len(NAMES) :] == [(1, ZoneState.FIRE), *[(zone, ZoneState.NORMAL) for zone in (2, 3, 4)]]
    assert (kept.station.totals().garbled > 0) == (codes == ["S-102"])
    assert bool(kept.station.totals().last_garbled) == (codes == ["S-102"])


async def test_a_panel_that_was_silent_for_long_is_back_after_a_timeout_and_a_pause(serial: FarPanel) -> None:
    """The worst moment: it is back when the last question in vain has just left."""
    settings = over_serial(serial)
    async with kept_reading(modbus_panel, settings) as kept:
        await until(kept.works)
        silent(serial)
        await until(lambda: not kept.works())
        asked = len(serial.frames)
        await until(lambda: len(serial.frames) == asked + 2)
        speaking(serial)
        assert await until(kept.works) < settings.timeout_s + RETRY_S + 0.5


async def test_power_lost_on_tcp_is_s105_and_ends_within_two_seconds(detector: SmokeDetector) -> None:
    async with kept_reading(modbus_panel, duct(detector)) as kept:
        await until(kept.works)
        await detector.stop()
        await until(lambda: not kept.works())
        detector.inputs |= SMOKE
        await detector.start()
        assert await until(kept.works) < BACK_S
        await until(lambda: told(kept)[-1] == (1, ZoneState.FIRE))
    assert kept.states == ["working", "S-105", "working"]


async def test_a_device_that_only_listens_is_never_told_as_working(detector: SmokeDetector) -> None:
    """It has no canary: its own answer proves that it lives."""
    detector.late_s = 10.0
    async with kept_reading(modbus_panel, duct(detector, timeout_s=0.3)) as kept:
        await until(lambda: kept.station.trouble is not None)
        await until(lambda: detector.questions >= 3)
        assert kept.states == ["S-101"]


async def test_a_gateway_may_ask_to_wait_for_a_while(panel: tuple[FarPanel, Settings]) -> None:
    far, settings = panel
    async with kept_reading(modbus_panel, settings) as kept:
        await until(lambda: len(kept.readings) == len(NAMES))
        asked = far.questions
        far.busy = True
        await until(lambda: far.questions > asked + BUSY_MOST // 2)
        far.busy = False
        far.set(1, (37, 24))
        await until(lambda: (1, ZoneState.FIRE) in told(kept))
        assert kept.states == ["working"]


async def test_a_gateway_that_always_asks_to_wait_is_s103_once(tmp_path: Path) -> None:
    port = free_port()
    async with far_panel(tmp_path, tcp_port=port) as far, kept_reading(modbus_panel, over_tcp(port)) as kept:
        await until(lambda: len(kept.readings) == len(NAMES))
        far.busy = True
        await until(lambda: kept.station.trouble is not None)
        asked = far.questions
        await until(lambda: far.questions > asked + 1)  # it has connected again, and must not seem to work
        assert kept.states == ["working", "S-103"]
        far.busy = False
        assert await until(kept.works) < BACK_S


async def test_another_device_at_the_address_is_s104(panel: tuple[FarPanel, Settings]) -> None:
    far, settings = panel
    far.type = 35
    error = await fails_with(settings)
    assert error.code == "S-104"
    assert "answers 35 at 46152" in error.what


async def test_another_device_that_takes_its_place_is_found_by_the_canary(serial: FarPanel) -> None:
    async with kept_reading(modbus_panel, over_serial(serial)) as kept:
        await until(kept.works)
        serial.type = 35
        await until(lambda: "S-104" in kept.states)


async def test_zones_that_the_panel_does_not_have_are_s103(panel: tuple[FarPanel, Settings]) -> None:
    _, settings = panel
    wrong = Settings(**{key: getattr(settings, key) for key in settings.__struct_fields__} | {"zones": {"9": "x"}})
    error = await fails_with(wrong)
    assert error.code == "S-103"
    assert "exception 2" in error.what


async def test_a_host_that_does_not_answer_is_s105() -> None:
    assert (await fails_with(over_tcp(free_port()))).code == "S-105"
    assert (await fails_with(over_tcp(502, host="no.such.host.invalid"))).code == "S-105"


async def test_a_wrong_file_is_s110_when_it_is_read(tmp_path: Path) -> None:
    settings = over_tcp(502, profile=str(tmp_path / "none.toml"))
    assert (await fails_with(settings)).code == "S-110"
    assert modbus_panel.probe(settings).code == "S-110"
