"""Panels behind a host: pymodbus's own server answers over TCP; hosts that hang up, say nothing or nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.discovery import modbus_host
from drivers.discovery.found import Found, Sure, settings
from simulator.processes import free_port
from simulator.smoke_detector import SmokeDetector
from tests.drivers.discovery.looked import Ticks, all_of
from tests.drivers.sensors.far_panel import far_panel

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def look(port: int, ticks: Ticks | None = None) -> list[Found]:
    return await all_of(modbus_host.look("127.0.0.1", ticks or Ticks(), port))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_host, "ANSWER_S", 0.2)


async def test_a_panel_is_found(tmp_path: Path) -> None:
    port = free_port()
    async with far_panel(tmp_path, tcp_port=port):
        ticks = Ticks()
        found = await look(port, ticks)
        panel = next(one for one in found if "unit 2" in one.what)
        assert (panel.what, panel.host, panel.sure) == ("Bolid S2000-PP, unit 2", "127.0.0.1", Sure.CERTAIN)
        assert panel.proposal is not None
        assert panel.proposal.settings[1:3] == settings(host="127.0.0.1", tcp_port=port)
        assert ticks.went_on()


async def test_a_detector_is_possible_and_only_read() -> None:
    detector = SmokeDetector("duct", free_port())
    await detector.start()
    try:
        found = await look(detector.port)
        assert [(one.what, one.sure) for one in found if one.proposal] == [("Calectro UG-3, unit 1", Sure.POSSIBLE)]
        assert detector.asked <= {1, 2, 3, 4}
    finally:
        await detector.stop()


async def test_nobody_there_is_nothing() -> None:
    ticks = Ticks()
    assert await look(free_port(), ticks) == []
    assert ticks.went_on()


@asynccontextmanager
async def host(talk: Talk) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(12)


async def speaks_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 1000)
    await writer.drain()
    await reader.read()


async def promises_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x01\x03\x00\x00\xff\xff\x01" + b"x" * 100_000)
    await writer.drain()
    await reader.read()


async def answers_for_others(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        question = await reader.readexactly(12)
        writer.write(b"\x00\x00\x00\x00\x00\x05\x63\x03\x02\x00\x24" + question[:0])


async def answers_one_and_hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    question = await reader.readexactly(12)
    writer.write(question[:4] + b"\x00\x05\x01\x03\x02\x00\x24")
    await reader.readexactly(12)


async def test_a_panel_that_answered_is_told_though_the_host_hangs_up_then() -> None:
    async with host(answers_one_and_hangs_up) as port:
        assert [one.what for one in await look(port)] == ["Bolid S2000-PP, unit 1"]


@pytest.mark.parametrize("talk", [hangs_up, speaks_http, promises_much, answers_for_others])
async def test_a_host_that_is_no_panel_is_nothing(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_host, "ANSWER_S", 0.05)
    async with host(talk) as port:
        assert await look(port) == []
