"""The line: as slow as its baud rate, raw, pulled and plugged under one name, silent, late, disturbed, stalled."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from simulator.serial_line import BITS_A_BYTE, SerialLine, join
from tests.drivers.supervised import open_files, until

HELLO = bytes(range(256))


class Listener:
    """What comes out at the agent's end, and when the last of it came."""

    def __init__(self, line: SerialLine) -> None:
        self.heard = b""
        self.last_s = 0.0
        self.port = serial.Serial(str(line.link), timeout=0)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.port.fileno(), self._hear)

    def _hear(self) -> None:
        self.heard += self.port.read(4096)
        self.last_s = self._loop.time()

    def close(self) -> None:
        self._loop.remove_reader(self.port.fileno())
        self.port.close()


@pytest.fixture
async def line(tmp_path: Path) -> SerialLine:
    line = SerialLine(tmp_path / "device")
    line.plug()
    return line


@pytest.mark.parametrize("baud", [2_400, 9_600, 115_200])
async def test_bytes_take_the_time_of_their_baud_rate(tmp_path: Path, baud: int) -> None:
    """Never less: that is what the agent's timing is measured against."""
    line = SerialLine(tmp_path / "device", baud=baud)
    line.plug()
    listener = Listener(line)
    began_s = asyncio.get_running_loop().time()
    told_s = line.send(HELLO[:100])
    told_s = max(told_s, line.send(HELLO[100:]))  # waits for the bytes before it
    await until(lambda: len(listener.heard) == 256)
    needed_s = 256 * BITS_A_BYTE / baud
    assert listener.heard == HELLO  # raw: no byte is translated
    assert listener.last_s - began_s >= needed_s * 0.99
    assert told_s == pytest.approx(needed_s, rel=0.05, abs=0.002)
    listener.close()
    line.unplug()


async def test_what_the_agent_writes_is_heard_raw(line: SerialLine) -> None:
    heard = bytearray()
    line.on_data = heard.extend
    listener = Listener(line)
    listener.port.write(HELLO)
    await until(lambda: len(heard) == 256)
    assert heard == HELLO
    listener.close()
    line.unplug()


async def test_a_pulled_line_is_gone_and_comes_back_under_its_name(line: SerialLine) -> None:
    before = open_files()
    listener = Listener(line)
    line.send(b"half")
    line.unplug()
    line.unplug()  # twice is once
    assert not line.plugged
    assert not line.link.is_symlink()
    with pytest.raises(serial.SerialException):
        listener.port.write(b"x")
    listener.close()
    line.plug()
    again = Listener(line)
    line.send(b"whole")
    await until(lambda: again.heard)
    assert again.heard == b"whole"  # nothing of what was on the line when it was pulled
    again.close()
    assert len(open_files()) == len(before)
    line.unplug()


def flipped(data: bytes) -> bytes:
    return bytes(byte ^ 1 for byte in data)


Change = Callable[[SerialLine], None]
WAYS: list[tuple[str, Change, Change, bytes]] = [
    ("silent", lambda one: setattr(one, "silent", True), lambda one: setattr(one, "silent", False), b""),
    ("disturbed", lambda one: setattr(one, "disturb", flipped), lambda one: setattr(one, "disturb", None), b"`cbe"),
    ("stalled", lambda one: setattr(one, "stalled", True), lambda one: one.go_on(b"\xff"), b"ab" + b"\xffcd"),
]


@pytest.mark.parametrize(("begin", "end", "heard"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
async def test_a_trouble_begins_and_ends(line: SerialLine, begin: Change, end: Change, heard: bytes) -> None:
    listener = Listener(line)
    begin(line)
    line.send(b"abcd")
    end(line)
    line.send(b"after")
    await until(lambda: listener.heard.endswith(b"after"))
    assert listener.heard == heard + b"after"
    listener.close()
    line.unplug()


async def test_a_stalled_device_says_half_of_one_thing_and_then_nothing(line: SerialLine) -> None:
    listener = Listener(line)
    line.stalled = True
    for word in (b"abcd", b"efgh", b"ijkl"):
        line.send(word)
    await until(lambda: listener.heard == b"ab")
    line.go_on(b"")
    await until(lambda: len(listener.heard) == 4)
    assert listener.heard == b"abcd"
    listener.close()
    line.unplug()


async def test_a_late_device_is_that_late(line: SerialLine) -> None:
    listener = Listener(line)
    line.late_s = 0.2
    began_s = asyncio.get_running_loop().time()
    line.send(b"late")
    await until(lambda: listener.heard == b"late")
    assert listener.last_s - began_s >= 0.2
    listener.close()
    line.unplug()


async def test_a_flood_that_nobody_reads_stops_nothing(line: SerialLine) -> None:
    """As the buffer of a UART it overruns."""
    sent = asyncio.get_running_loop().create_future()
    line.send(b"")
    for _ in range(200):
        line._deliver(bytes(1_000), line._plugs)
    asyncio.get_running_loop().call_later(line.send(b""), sent.set_result, None)
    await sent
    line.unplug()


async def test_two_lines_joined_are_one(tmp_path: Path) -> None:
    one, other = SerialLine(tmp_path / "one", baud=115_200), SerialLine(tmp_path / "other", baud=115_200)
    one.plug()
    other.plug()
    join(one, other)
    agent, device = Listener(one), Listener(other)
    agent.port.write(b"question")
    await until(lambda: device.heard == b"question")
    device.port.write(b"answer")
    await until(lambda: agent.heard == b"answer")
    for end in (agent, device):
        end.close()
    one.unplug()
    other.unplug()
    assert not os.path.lexists(one.link)
