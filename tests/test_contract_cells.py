"""Every driver that has a cell works in it: with the rights and the environment that it has there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.cells.cells import Cells
from agent.cli.run import FOR_CHILDREN
from agent.clock import SystemClock
from agent.config import SourceConfig
from drivers import catalog
from drivers.readings import PictureChange
from simulator.more_devices import SHARED_MEMORY, STAND_IN
from simulator.serial_line import SerialLine
from tests.drivers.supervised import Kept, kept_reading, until
from tests.test_contract import DEVICES, Device, reports

CELLED = [name for name in DEVICES if catalog.cell(name)]
LOOKS = 3


@asynccontextmanager
async def in_its_cell(name: str) -> AsyncIterator[tuple[Device, Kept, Cells]]:
    environment = {key: value for key, value in os.environ.items() if key.startswith(FOR_CHILDREN)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(STAND_IN), environment.get("PYTHONPATH", ""))))
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        async with DEVICES[name](Path(folder)) as device:
            config = SourceConfig(name="device", kind="reader", driver=name, settings=device.settings, places={})
            async with (
                Cells([config], SystemClock(), environment) as cells,
                kept_reading(cells.driver(config), device.settings, device.secrets) as kept,
            ):
                yield device, kept, cells


@pytest.mark.parametrize("name", CELLED)
async def test_it_reads_and_comes_back_when_its_cell_is_killed(name: str) -> None:
    async with in_its_cell(name) as (device, kept, cells):
        await until(kept.works)
        if device.reading is PictureChange:  # it must have seen the room to notice the hand
            await until(lambda: kept.station.totals().frames >= LOOKS)
        await reports(device, kept)
        cell = cells.cell("device")
        assert cell is not None
        assert cell.life is not None
        await until(lambda: cell.life is not None and cell.life.memory_mb > 0)
        limits = catalog.cell(name)
        assert limits is not None
        assert cell.life.memory_mb < 0.8 * limits.memory_mb, "too little room for a busy day"
        cell.life.kill("U-101", "by the test")
        await until(lambda: kept.states[-1] != "working")
        if isinstance(device.line, SerialLine):
            device.line.let_go()
        told = len(kept.readings)
        await until(kept.works)
        if device.reading is PictureChange:  # the hand is still there: it tells so first
            await until(lambda: len(kept.readings) > told)
        await reports(device, kept)
        assert cell.falls.total == 1
