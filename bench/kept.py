"""Devices under the daemon's own supervisor, each in its cell with all that a cell gives up, for figures of devices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from agent.sources import SourceState, Station, keep_reading
from drivers.driver import Secret, Secrets, Source
from drivers.readings import Reading

LOOK_S = 0.002
PATIENCE_S = 60.0


class Kept:
    """What the daemon knows of each device, in the order of the configuration."""

    def __init__(self, stations: list[Station], cells: Cells) -> None:
        self.stations = stations
        self._cells = cells

    def pid(self, at: int = 0) -> int:
        """Of the child process that has the device; 0 while there is none."""
        cell = self._cells.cell(self.stations[at].config.name)
        return cell.life.pid if cell and cell.life else 0

    def works(self, at: int = 0) -> bool:
        return self.stations[at].state is SourceState.WORKING

    def failed(self, at: int = 0) -> bool:
        return self.stations[at].state is SourceState.FAILED

    def code(self, at: int = 0) -> str:
        """Of its trouble; empty without one."""
        trouble = self.stations[at].trouble
        return trouble.code if trouble else ""


OnReading = Callable[[Source[Reading], Reading], Awaitable[None]]


def no_secrets(name: str) -> Secret:
    raise KeyError(name)


async def counted(_source: Source[Reading], _reading: Reading) -> None:
    """The station counts it."""


@asynccontextmanager
async def kept(
    configs: list[SourceConfig],
    environment: Mapping[str, str],
    *,
    secrets: Secrets = no_secrets,
    on_reading: OnReading = counted,
    slots: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Kept]:
    """Until the block ends; each reading is told with the source that it came from."""
    clock = SystemClock()

    async def taken(_station: Station, source: Source[Reading], reading: Reading) -> None:
        await on_reading(source, reading)

    async def changed(_station: Station) -> None:
        """The station knows it."""

    async with Cells(configs, clock, environment, slots) as cells:
        stations = [Station(config, clock) for config in configs]
        tasks = [
            asyncio.create_task(keep_reading(one, cells.driver(one.config), clock, secrets, taken, changed))
            for one in stations
        ]
        try:
            yield Kept(stations, cells)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(LOOK_S)
