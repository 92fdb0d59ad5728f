"""Panels on a serial line: pymodbus's own server answers; it was only read; silence ends in time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.clock import SystemClock
from drivers.discovery import modbus_line
from drivers.discovery.found import Found, settings
from simulator.serial_line import SerialLine
from tests.drivers.discovery.looked import Ticks, all_of, port_at
from tests.drivers.sensors.far_panel import far_panel


async def look(link: Path, ticks: Ticks | None = None) -> list[Found]:
    return await all_of(modbus_line.look(port_at(link), SystemClock(), ticks or Ticks()))


async def test_a_panel_is_found_and_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_line, "ANSWER_S", 0.15)
    async with far_panel(tmp_path) as panel:
        ticks = Ticks()
        (found,) = await look(panel.agent_end.link, ticks)
        assert found.what == "Bolid S2000-PP, unit 2"
        assert found.proposal is not None
        assert found.proposal.settings[:2] == settings(profile="bolid-s2000-pp", port=str(panel.agent_end.link))
        assert ticks.went_on()
        assert panel.only_read()


async def test_a_silent_line_is_asked_at_each_speed(line: SerialLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_line, "ANSWER_S", 0.02)
    asked: list[bytes] = []
    line.on_data = asked.append
    assert await look(line.link) == []
    assert [frame[0] for frame in asked] == [*range(1, 11)] * len(modbus_line.BAUDS)


async def test_noise_without_end_is_no_answer(line: SerialLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_line, "ANSWER_S", 0.02)

    def babble(_data: bytes) -> None:
        line.send(b"\x02\x03" * 400)

    line.on_data = babble
    assert await look(line.link) == []


async def test_a_port_that_goes_away_is_told(line: SerialLine, tmp_path: Path) -> None:

    def pull(_data: bytes) -> None:
        asyncio.get_running_loop().call_soon(line.unplug)

    line.on_data = pull
    (found,) = await look(line.link)
    assert found.code in ("P-101", "P-104")
    (gone,) = await look(tmp_path / "none")
    assert gone.code == "P-101"
