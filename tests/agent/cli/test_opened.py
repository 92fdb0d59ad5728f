"""A device that a command opens by itself: only what is configured, with the driver's own words where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import config
from agent.cli.opened import device, is_running, opened
from agent.errors import AgentError
from simulator.card_reader import CardReader
from tests.agent.cli.command import READER, write_config
from tests.agent.cli.looks import box, living


async def test_a_reader_is_opened_and_closed(tmp_path: Path) -> None:
    reader = CardReader("gate", tmp_path / "gate", "em4100")
    reader.line.plug()
    found = config.load(write_config(tmp_path, more=READER.format(name="gate", port=reader.line.link)))
    for _ in range(2):  # nothing is left that would be in the way
        async with opened(found, device(found, "gate", "reader")) as one:
            assert one.counters.garbled == 0
    reader.line.unplug()
    with pytest.raises(AgentError, match="P-101"):
        async with opened(found, device(found, "gate", "reader")):
            pass


def test_only_a_device_of_its_kind(tmp_path: Path) -> None:
    found = config.load(write_config(tmp_path, more=READER.format(name="gate", port="/dev/a")))
    for name, kind in (("gate", "sensor"), ("gat", "reader")):
        with pytest.raises(AgentError, match="X-205"):
            device(found, name, kind)


def test_whether_the_agent_runs(tmp_path: Path) -> None:
    found = box(tmp_path)
    assert not is_running(found)
    living(found)
    assert is_running(found)
    living(found, pid_start=1)
    assert not is_running(found)
