"""Devices in cells under the agent's own supervisor, on the real clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from agent.cells.cell import Cell
from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from agent.sources import Station, keep_reading
from drivers import catalog
from drivers.catalog import Cell as Limits
from drivers.driver import Secrets, Source
from drivers.readings import Reading
from tests.agent.cells.odd_driver import Settings
from tests.secrets import no_secrets

LIMITS = Limits(memory_mb=80)
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


class Device:
    """One source in its cell, and all that was told of it."""

    def __init__(self, settings: Settings, name: str) -> None:
        config = SourceConfig(name=name, kind="reader", driver="odd", settings=settings, places={})
        self.station = Station(config, SystemClock())
        self.readings: list[Reading] = []
        self.states: list[str] = []  # "working", or the trouble's code
        self.on_reading: Callable[[Source[Reading], Reading], object] = lambda _source, _reading: None
        self.source: Source[Reading] | None = None

    def works(self) -> bool:
        return bool(self.states) and self.states[-1] == "working"

    def failed(self, code: str) -> bool:
        return bool(self.states) and self.states[-1] == code

    def trouble(self) -> str:
        return self.station.trouble.what if self.station.trouble else ""

    async def keep(self, cells: Cells, secrets: Secrets) -> None:
        async def on_reading(_station: Station, source: Source[Reading], reading: Reading) -> None:
            self.source = source
            self.readings.append(reading)
            self.on_reading(source, reading)

        async def on_change(station: Station) -> None:
            self.states.append(station.trouble.code if station.trouble else station.state.value)

        await keep_reading(
            self.station, cells.driver(self.station.config), SystemClock(), secrets, on_reading, on_change
        )


class House:
    def __init__(self, cells: Cells, devices: list[Device]) -> None:
        self.cells = cells
        self.devices = devices

    def cell(self, at: int = 0) -> Cell:
        found = self.cells.cell(self.devices[at].station.config.name)
        assert found is not None
        return found

    def pid(self, at: int = 0) -> int:
        life = self.cell(at).life
        return life.pid if life else 0


@asynccontextmanager
async def house(
    monkeypatch: pytest.MonkeyPatch,
    *settings: Settings,
    limits: Limits = LIMITS,
    secrets: Secrets = no_secrets,
    environment: Mapping[str, str] = ENVIRONMENT,
) -> AsyncIterator[House]:
    """Devices named device-0, device-1 …, each with the odd driver, kept until the block ends."""
    entry = catalog.Entry("tests.agent.cells.odd_driver", "reader", "odd", cell=limits)
    monkeypatch.setitem(catalog.CATALOG, "odd", entry)
    devices = [Device(one, f"device-{at}") for at, one in enumerate(settings)]
    sources = [device.station.config for device in devices]
    async with Cells(sources, SystemClock(), environment) as cells:
        tasks = [asyncio.create_task(device.keep(cells, secrets)) for device in devices]
        try:
            yield House(cells, devices)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
