"""Panels and detectors that run for one test; whatever it does, they were only ever read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.sensors.modbus_panel import Settings
from simulator.processes import free_port
from simulator.smoke_detector import SmokeDetector
from tests.drivers.sensors.far_panel import FarPanel, far_panel, over_serial, over_tcp


@pytest.fixture(params=["serial", "tcp"])
async def panel(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[FarPanel, Settings]]:
    """A panel of four zones over each transport, and the settings that reach it."""
    port = free_port() if request.param == "tcp" else 0
    async with far_panel(tmp_path, tcp_port=port) as panel:
        yield panel, over_tcp(port) if port else over_serial(panel)


@pytest.fixture
async def serial(tmp_path: Path) -> AsyncIterator[FarPanel]:
    async with far_panel(tmp_path) as panel:
        yield panel


@pytest.fixture
async def detector() -> AsyncIterator[SmokeDetector]:
    detector = SmokeDetector("duct", free_port())
    await detector.start()
    yield detector
    await detector.stop()
    assert detector.asked == {2}
