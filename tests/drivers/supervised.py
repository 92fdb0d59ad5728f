"""A device under the agent's own supervisor on the real clock, and waiting for what must come."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from agent.clock import SystemClock
from agent.config import SourceConfig
from agent.sources import SourceState, Station, keep_reading
from drivers.driver import Secrets, Source
from drivers.readings import Light, Reading, Tap
from tests.secrets import no_secrets

PATIENCE_S = 20.0


async def until(condition: Callable[[], object], within_s: float = PATIENCE_S) -> float:
    """Wait until something is so. Returns the seconds that it took. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)
    return loop.time() - began_s


def open_files() -> set[str]:
    """What this process has open, by descriptor and name. What earlier tests left in circles is closed first."""
    gc.collect()
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the folder's own
            found.add(f"{fd} {os.readlink(f'/proc/self/fd/{fd}')}")
    return found


class Kept:
    """What the supervisor has told."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.readings: list[Reading] = []
        self.states: list[str] = []  # "working", or the trouble's code

    def works(self) -> bool:
        return self.station.state is SourceState.WORKING


@asynccontextmanager
async def kept_reading(
    driver: Any, settings: msgspec.Struct, secrets: Secrets = no_secrets, *, light: Light | None = None
) -> AsyncIterator[Kept]:
    """agent.sources.keep_reading on one device, until the block ends; `light` is shown at each tap."""
    clock = SystemClock()
    config = SourceConfig(name="device", kind="reader", driver="device", settings=settings, places={})
    kept = Kept(Station(config, clock))

    async def on_reading(_station: Station, source: Source[Reading], reading: Reading) -> None:
        kept.readings.append(reading)
        if light is not None and isinstance(reading, Tap):
            await source.show(light)

    async def on_change(station: Station) -> None:
        kept.states.append(station.trouble.code if station.trouble else station.state.value)

    task = asyncio.create_task(keep_reading(kept.station, driver, clock, secrets, on_reading, on_change))
    try:
        yield kept
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
