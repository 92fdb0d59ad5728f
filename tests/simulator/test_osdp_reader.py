"""The simulated reader against a panel that has nothing of ours, libosdp's own; its card as the standard packs it."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import osdp_sys
import pytest

from simulator.osdp_device import SOM
from simulator.osdp_reader import OsdpBus, wiegand

KEY = bytes(range(16))


class Panel:
    """libosdp's panel on the agent's end; whole frames only."""

    def __init__(self, path: Path) -> None:
        self.id = 0
        self.events: list[dict[str, Any]] = []
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._fd)
        self._whole = self._partly = b""
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        about = {"name": "reader", "address": 1, "channel": self, "scbk": KEY, "flags": osdp_sys.FLAG_ENFORCE_SECURE}
        self.machine = osdp_sys.ControlPanel([about])
        self.machine.set_event_callback(self._on_event)

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.machine.refresh()
                await asyncio.sleep(0.005)

    def close(self) -> None:
        os.close(self._fd)

    def read(self, most: int) -> bytes:
        try:
            self._partly += os.read(self._fd, 4096)
        except BlockingIOError:
            return b""
        start = self._partly.find(SOM)
        length = self._partly[start + 2] if start >= 0 and len(self._partly) > start + 4 else 999
        if len(self._partly) < start + length:
            return b""
        whole, self._partly = self._partly[start : start + length], self._partly[start + length :]
        return whole

    def write(self, data: bytes) -> int:
        return os.write(self._fd, data)

    def flush(self) -> None:
        self._partly = b""

    def _on_event(self, _index: int, event: dict[str, Any]) -> int:
        self.events.append(dict(event))
        return 0


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[OsdpBus]:
    bus = OsdpBus(tmp_path, "bus", baud=38400)
    bus.add("canteen", 1, KEY)
    await bus.start()
    yield bus
    await bus.stop()


@pytest.fixture
async def panel(bus: OsdpBus) -> AsyncIterator[Panel]:
    panel = Panel(bus.line.link)
    await panel.until(panel.machine.sc_status)
    await panel.until(panel.machine.status)
    yield panel
    panel.close()


async def test_a_card_is_read_and_a_light_is_seen(bus: OsdpBus, panel: Panel) -> None:
    light = asyncio.create_task(bus.readers[1].show(bytes.fromhex("7B3972"), 5.0))
    await panel.until(lambda: panel.events)
    assert (panel.events[0]["length"], panel.events[0]["data"].hex()) == (26, "3d9cb940")
    led = {"reader": 0, "led_number": 0, "control_code": 2, "temporary": True, "timer_count": 20}
    led |= {"on_count": 1, "off_count": 0, "on_color": osdp_sys.LED_COLOR_AMBER, "off_color": 0}
    panel.machine.submit_command(0, {"command": osdp_sys.CMD_LED} | led)
    await panel.until(light.done)
    assert (await light, bus.readers[1].last_light) == ("A", "A")
    assert bus.readers[1].latency_ms[0] > 0


async def test_a_card_that_was_taken_away_unread_is_forgotten(bus: OsdpBus, panel: Panel) -> None:
    """Its light would be the next one's."""
    assert await bus.readers[1].show(bytes.fromhex("7B3972"), 0.1) == ""  # nobody asks the reader meanwhile
    bus.readers[1].hold(26, bytes.fromhex("00000040"))
    await panel.until(lambda: panel.events)
    assert [event["data"].hex() for event in panel.events] == ["00000040"]


async def test_it_tells_of_its_cover_and_power(bus: OsdpBus, panel: Panel) -> None:
    bus.readers[1].cover(opened=True)
    bus.readers[1].weak_power(weak=True)
    await panel.until(lambda: len(panel.events) == 2)
    assert [event["report"] for event in panel.events] == [b"\x01\x00", b"\x01\x01"]


async def test_it_takes_another_key_and_keeps_it(bus: OsdpBus, panel: Panel) -> None:
    other = bytes(16)
    panel.machine.submit_command(0, {"command": osdp_sys.CMD_KEYSET, "type": 1, "data": other})
    await panel.until(lambda: bus.readers[1].keysets)
    assert bus.readers[1].key == other


async def test_without_power_it_shows_nothing(bus: OsdpBus, panel: Panel) -> None:
    bus.readers[1].switch_off()
    assert await bus.readers[1].show(b"\x01\x02\x03", 0.1) == ""
    assert panel.events == []


@pytest.mark.parametrize(
    ("card", "bits", "packed"),
    [
        ("7b3972", 26, "3d9cb940"),  # 0, 0111 1011 0011 | 1001 0111 0010, 1
        ("000000", 26, "00000040"),
        ("ffffffff", 34, "7fffffffc0"),
        ("0456463aac2280", 56, "0456463aac2280"),
    ],
)
def test_a_number_is_packed_with_its_parity(card: str, bits: int, packed: str) -> None:
    assert wiegand(bytes.fromhex(card)) == (bits, bytes.fromhex(packed))
