"""A child process: it begins, hears and says; it ends when it is told, or is ended."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from agent.cells.process import CellProcess
from agent.cells.spawned import Spawning
from agent.clock import SystemClock
from drivers.catalog import Cell as Limits
from drivers.cell_wire import Beat, FromCell, Open, Opened, frame
from drivers.errors import DeviceError
from tests.agent.cells.kept import ENVIRONMENT
from tests.drivers.supervised import open_files, until

ODD = "tests.agent.cells.odd_driver"
LIMITS = Limits(memory_mb=80)


def made(heard: list[FromCell], limits: Limits = LIMITS) -> CellProcess:
    return CellProcess("device", limits, SystemClock(), Spawning(ENVIRONMENT), heard.append)


async def test_it_lives_until_it_is_told_to_end() -> None:
    before, heard = open_files(), list[FromCell]()
    process = made(heard)
    await process.start(())
    process.say(Open(3, ODD, {"does": "nothing"}, {}))
    await until(lambda: Opened(3) in heard and any(isinstance(one, Beat) for one in heard))
    await until(lambda: process.memory_mb > 5)
    assert Path(f"/proc/{process.pid}").exists()
    await process.stop()
    assert not Path(f"/proc/{process.pid}").exists()
    process.say(Open(4, ODD, {"does": "nothing"}, {}))  # nobody hears it
    assert open_files() == before


async def test_the_first_reason_counts() -> None:
    process = made([])
    await process.start(())
    process.kill("U-103", "first")
    process.kill("U-104", "second")
    await process.over.wait()
    assert process.reason is not None
    assert (process.reason.code, process.reason.what) == ("U-103", "device: first")


async def test_what_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cells.process.STOP_S", 0.3)
    heard: list[FromCell] = []
    process = made(heard)
    await process.start(())
    process.say(Open(1, ODD, {"does": "hang"}, {}))
    await until(lambda: Opened(1) in heard)
    await process.stop()
    assert process.reason is not None
    assert process.reason.code == "U-102"
    assert not Path(f"/proc/{process.pid}").exists()


async def test_a_flood_of_messages_leaves_the_others_their_turns() -> None:
    turns, heard = 0, list[FromCell]()
    stream = asyncio.StreamReader()
    stream.feed_data(frame(Beat({}, ())) * 6_400)
    stream.feed_eof()

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    await made(heard)._listen(stream)
    others.cancel()
    assert len(heard) == 6_400
    assert turns >= 90


async def test_what_cannot_even_be_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cells.process.STOP_S", 0.2)
    monkeypatch.setattr("asyncio.subprocess.Process.kill", lambda _: None)  # as one that hangs in the kernel
    process = made([])
    await process.start(())
    os.kill(process.pid, signal.SIGSTOP)
    process.kill("U-103", "grew")
    async with asyncio.timeout(5):
        await process.over.wait()
    assert not process.ended
    assert process.reason is not None
    assert (process.reason.code, "cannot be ended" in process.reason.what) == ("U-103", True)
    assert "restart the box" in process.reason.do
    os.kill(process.pid, signal.SIGKILL)
    await until(lambda: process.ended)


async def test_without_an_interpreter_nothing_is_left_open() -> None:
    before = open_files()
    with pytest.raises(DeviceError, match="U-106"):
        await made([], Limits(memory_mb=80, python="/nothing/python")).start(())
    assert open_files() == before
