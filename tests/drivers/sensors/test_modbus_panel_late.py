"""The trap of Modbus RTU: an answer that comes after its timeout must never be taken for that to the next question.

Each test has its control: the same line makes a plain client, which goes on after a timeout, report wrong zones.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusIOException

from agent.clock import SystemClock
from drivers.errors import DeviceError
from drivers.readings import ZoneChange, ZoneState
from drivers.sensors import modbus_panel
from tests.drivers.sensors.far_panel import FarPanel, far_panel, over_serial, told
from tests.drivers.supervised import kept_reading, until
from tests.secrets import no_secrets

SCHOOL = {str(zone): "" for zone in range(1, 131)}  # two questions: 120 zones and 10
STATES = [  # of zone n: STATES[n % 7]
    ((24, 188), ZoneState.NORMAL),
    ((37, 24), ZoneState.FIRE),
    ((44, 24), ZoneState.ATTENTION),
    ((45, 24), ZoneState.FAULT),
    ((109, 24), ZoneState.DISABLED),
    ((20, 24), ZoneState.TEST),
    ((188, 24), ZoneState.RESTORED),
]
BAUD = 115_200
TIMEOUT_S = 0.15
LATE_S = (*[0.0] * 6, 0.12, 0.16, 0.25, 0.5)  # about the timeout, on both sides of it
TROUBLES = 5


def filled(panel: FarPanel) -> None:
    for zone in range(1, len(panel.zones) + 1):
        panel.set(zone, STATES[zone % 7][0])


def register(zone: int) -> int:
    high, low = STATES[zone % 7][0]
    return high << 8 | low


def late_at_random(panel: FarPanel, seed: int) -> None:
    """Each answer is late by another time."""
    chance = random.Random(seed)

    def lateness(data: bytes) -> bytes:
        panel.agent_end.late_s = chance.choice(LATE_S)
        return data

    panel.device_end.disturb, panel.agent_end.disturb = None, lateness


async def naive(panel: FarPanel, *, timeout_s: float) -> AsyncModbusSerialClient:
    client = AsyncModbusSerialClient(str(panel.agent_end.link), baudrate=9600, timeout=timeout_s, retries=0)
    assert await client.connect()
    return client


async def read(client: AsyncModbusSerialClient, zone: int, count: int) -> list[int] | None:
    """The registers from a zone on; None if no answer came in time."""
    with contextlib.suppress(ModbusIOException):
        return list((await client.read_holding_registers(40_000 + zone - 1, count=count, device_id=2)).registers)
    return None


async def test_a_held_back_answer_is_taken_by_a_plain_client_for_other_zones(tmp_path: Path) -> None:
    """The control: zones 1 and 2 are reported as 5 and 6, and from then on each answer is that of before."""
    async with far_panel(tmp_path, zones=8) as panel:
        filled(panel)
        client = await naive(panel, timeout_s=0.3)
        panel.hold = True
        assert await read(client, 1, 2) is None
        assert await read(client, 5, 2) == [register(1), register(2)]
        assert await read(client, 3, 2) == [register(5), register(6)]
        client.close()


async def test_a_held_back_answer_costs_a_connection_and_is_never_told(tmp_path: Path) -> None:
    """It comes just when the next question is on the line. Zone 1 burns since: the old answer says that it does not."""
    async with far_panel(tmp_path, zones=8) as panel:
        filled(panel)
        settings = over_serial(panel, zones={"1": "", "2": "", "5": ""}, timeout_s=0.3)
        async with kept_reading(modbus_panel, settings) as kept:
            await until(lambda: len(kept.readings) == 3)
            asked = len(panel.frames)
            panel.hold = True
            await until(lambda: len(panel.frames) > asked + 1)
            panel.set(2, (37, 24))
            await until(lambda: (2, ZoneState.FIRE) in told(kept))
            await until(lambda: len(kept.readings) >= 6)
        expected = {1: {ZoneState.FIRE}, 2: {ZoneState.ATTENTION, ZoneState.FIRE}, 5: {ZoneState.TEST}}
        assert all(state in expected[zone] for zone, state in told(kept))
        assert "S-101" in kept.states


async def test_answers_late_at_random_make_a_plain_client_report_wrong_zones(tmp_path: Path) -> None:
    """The control of the next one: same line, same lateness."""
    async with far_panel(tmp_path, zones=130, baud=BAUD) as panel:
        filled(panel)
        late_at_random(panel, seed=1)
        client = await naive(panel, timeout_s=TIMEOUT_S)
        wrong = 0
        async with asyncio.timeout(20):
            while wrong < 3:
                for zone, count in ((1, 10), (121, 10)):
                    found = await read(client, zone, count)
                    wrong += found is not None and found != [register(one) for one in range(zone, zone + count)]
        client.close()


@pytest.mark.parametrize("seed", range(3))
async def test_answers_late_at_random_never_give_a_wrong_zone(tmp_path: Path, seed: int) -> None:
    """Connected again at once each time, which is harder than the agent makes it."""
    seen: list[ZoneChange] = []
    failed = 0
    async with far_panel(tmp_path, zones=130, baud=BAUD) as panel:
        filled(panel)
        late_at_random(panel, seed)
        settings = over_serial(panel, zones=SCHOOL, timeout_s=TIMEOUT_S)
        async with asyncio.timeout(30):
            while failed < TROUBLES or len(seen) < len(SCHOOL):
                try:
                    async with modbus_panel.connect(settings, SystemClock(), no_secrets) as source:
                        async for change in source:
                            seen.append(change)
                except DeviceError:
                    failed += 1
    assert [change for change in seen if change.state is not STATES[change.zone % 7][1]] == []
