"""OSDP: from a card at the reader to its event in the daemon, through the cell; and from the plug to the first card.

The readers are libosdp's own device side in one process, on a paced bus of ptys; each takes 3 ms to answer. Where a
frame is long, its time on the wire is most of it: a poll and a card take 45 ms at 9600 baud, 11 ms at 38400; the card
waits for its poll, which libosdp sends 50 ms after the last answer and not before.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.config import SourceConfig
from bench.figure import Figure, median, percentile
from bench.kept import Kept, kept, until
from drivers.driver import Secret, Source
from drivers.readers import osdp
from drivers.readings import Light, Reading, Tap
from simulator.osdp_reader import OsdpBus, OsdpReader

TAPS = 120
PLUGS = 10
PATIENCE_S = 20.0
BACK_S = 2.0
KEY = bytes(range(16))
CASES = [  # readers, of them dead, baud, target of the median in ms
    (1, 0, 9600, 100.0),
    (1, 0, 38400, 60.0),
    (8, 0, 38400, 200.0),
    (8, 0, 9600, None),
    (2, 1, 38400, None),
]


class Read:
    """What the daemon has read, and when: time.monotonic() by card."""

    def __init__(self) -> None:
        self.at_s: dict[str, float] = {}

    async def take(self, source: Source[Reading], reading: Reading) -> None:
        if isinstance(reading, Tap):
            self.at_s[reading.card] = time.monotonic()
            await source.show(Light.ACCEPTED)


async def measure(folder: Path) -> list[Figure]:
    logging.getLogger("agent.sources").setLevel(logging.CRITICAL)  # what it tells of each plug is what we do
    found = []
    for readers, dead, baud, target_ms in CASES:
        found.append(_figure(readers, dead, baud, target_ms, *await _taps(folder, readers, dead, baud)))
    back_s = await _plugs(folder)
    found.append(
        Figure(
            figure="OSDP, plug to first card read, 9600 baud, median", value=median(back_s), unit="s",
            limit_or_peer=f"{BACK_S:.0f} s", ratio=median(back_s) / BACK_S, target="each <= 2 s",
            met=max(back_s) <= BACK_S, range=(min(back_s), max(back_s)), runs=len(back_s),
        )
    )  # fmt: skip
    return found


def _figure(
    readers: int, dead: int, baud: int, target_ms: float | None, taken: list[float], lights: list[float]
) -> Figure:
    value = median(taken)
    limit = f"<= {target_ms:.0f} ms" if target_ms else ""
    words = f"{readers} reader{'s' if readers > 1 else ''}" + (f", {dead} of them dead" if dead else "")
    return Figure(
        figure=f"OSDP, card to event, median, {words}, {baud} baud", value=value, unit="ms",
        limit_or_peer=f"p95 {percentile(taken, 0.95):.0f} ms; light {median(lights):.0f} ms after the card",
        ratio=value / target_ms if target_ms else None, target=limit, met=value <= target_ms if target_ms else None,
        range=(min(taken), max(taken)), runs=len(taken),
    )  # fmt: skip


async def _taps(folder: Path, readers: int, dead: int, baud: int) -> tuple[list[float], list[float]]:
    """Milliseconds to the event and to the light of each tap."""
    rng, taken = random.Random(1), []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        async with _school(Path(name), readers, dead, baud) as (bus, _devices, read):
            living = [reader for reader in bus.readers.values() if reader.address <= readers - dead]
            for number in range(1, TAPS + 1):
                await asyncio.sleep(rng.uniform(0.2, 0.5))
                reader = rng.choice(living)
                taken.append(await _tap(reader, number, read))
            return taken, [light for reader in living for light in reader.latency_ms]


async def _tap(reader: OsdpReader, number: int, read: Read) -> float:
    card = number.to_bytes(3, "big")
    light = await reader.show(card, PATIENCE_S)
    if light != "G":
        raise RuntimeError(f"tap {number} was not green but {light or 'without a light'}")
    await until(lambda: card.hex().upper() in read.at_s)
    return (read.at_s[card.hex().upper()] - reader.shown_s) * 1e3


async def _plugs(folder: Path) -> list[float]:
    """Seconds from each plug to the first card that is read; a card is held again and again."""
    rng, taken = random.Random(1), []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        async with _school(Path(name), 1, 0, 9600) as (bus, devices, read):
            for turn in range(1, PLUGS + 1):
                bus.line.unplug()
                await until(devices.failed)
                await asyncio.sleep(rng.uniform(1.0, 2.0))  # a plug comes at any moment between two tries
                began_s, card = time.monotonic(), turn.to_bytes(3, "big")
                bus.line.plug()
                while card.hex().upper() not in read.at_s:
                    await bus.readers[1].show(card, 0.3)
                taken.append(read.at_s[card.hex().upper()] - began_s)
    return taken


@asynccontextmanager
async def _school(folder: Path, readers: int, dead: int, baud: int) -> AsyncIterator[tuple[OsdpBus, Kept, Read]]:
    """Readers on one bus, the last ones dead, under the daemon's supervisors and in their cell."""
    bus, read = OsdpBus(folder, "bus", baud=baud), Read()
    for address in range(1, readers + 1):
        bus.add(f"reader-{address}", address, KEY)
    await bus.start()
    for address in range(readers - dead + 1, readers + 1):
        bus.readers[address].switch_off()
    configs = [_config(bus, address) for address in bus.readers]
    environment = {"PATH": os.defpath}
    try:
        async with kept(configs, environment, secrets=_key, on_reading=read.take) as devices:
            await until(lambda: all(devices.works(at) for at in range(readers - dead)))
            yield bus, devices, read
    finally:
        await bus.stop()


def _config(bus: OsdpBus, address: int) -> SourceConfig:
    settings = osdp.Settings(port=str(bus.line.link), address=address, key="key", baud=bus.baud)  # type: ignore[arg-type]
    return SourceConfig(name=f"reader-{address}", kind="reader", driver="osdp", settings=settings, places={})


def _key(name: str) -> Secret:  # noqa: ARG001 - of the shape
    return Secret(KEY.hex())
