"""OSDP readers of the simulator on a bus, and the driver's own connections to them, for the tests of the driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from drivers.driver import Secret
from drivers.readers import osdp
from drivers.readings import ContactChange, Light, Tap
from simulator.osdp_reader import OsdpBus, OsdpReader
from tests.drivers.supervised import Kept, kept_reading
from tests.secrets import these_secrets

KEY, OTHER, FOREIGN = (bytes([start]) * 16 for start in (0x11, 0x22, 0x33))
CARD = bytes.fromhex("7B3972")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage is told after a third of its time: only when it is told differs."""
    monkeypatch.setattr("drivers.readers.osdp_member.OUTAGE_S", 0.3)


@asynccontextmanager
async def wires(folder: Path, *keys: bytes, baud: int = 38400, absent: tuple[int, ...] = ()) -> AsyncIterator[OsdpBus]:
    """A reader with each key, at the addresses 1, 2, …; `absent` have no power."""
    bus = OsdpBus(folder, "bus", baud=baud)
    for address, key in enumerate(keys, 1):
        bus.add(f"reader-{address}", address, key)
    await bus.start()
    for address in absent:
        bus.readers[address].switch_off()
    try:
        yield bus
    finally:
        await bus.stop()


def settings(bus: OsdpBus, address: int = 1, *, install: bool = False) -> osdp.Settings:
    told = {"port": str(bus.line.link), "address": address, "key": "key", "baud": bus.baud, "install": install}
    return msgspec.convert(told, osdp.Settings)


@asynccontextmanager
async def kept(
    bus: OsdpBus,
    address: int = 1,
    *,
    now: bytes = KEY,
    before: bytes = b"",
    install: bool = False,
    light: Light = Light.ACCEPTED,
) -> AsyncIterator[Kept]:
    """The reader under the agent's supervisor; it shows a light at each tap."""
    secrets = these_secrets(key=Secret(now.hex(), before.hex()))
    async with kept_reading(osdp, settings(bus, address, install=install), secrets, light=light) as found:
        yield found


def taps(found: Kept) -> list[str]:
    return [reading.card for reading in found.readings if isinstance(reading, Tap)]


def contacts(found: Kept) -> list[tuple[str, str, str | None]]:
    return [
        (one.contact, one.state.value, one.before and one.before.value)
        for one in found.readings
        if isinstance(one, ContactChange)
    ]


async def tapped(reader: OsdpReader, found: Kept, card: bytes, *, within_s: float = 10.0) -> None:
    """Show a card until it is read: what is shown while the line is down is lost, and the child shows it again."""
    async with asyncio.timeout(within_s):
        while card.hex().upper() not in taps(found):
            await reader.show(card, 0.4)
