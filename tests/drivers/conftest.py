"""A serial line on a pty, plugged in; the agent's end is its `link`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.serial_line import SerialLine


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[SerialLine]:
    line = SerialLine(tmp_path / "device")
    line.plug()
    yield line
    line.unplug()
