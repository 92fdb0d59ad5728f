"""A port on a real pty: what arrives and when, what is written, each way in which it can fail; nothing leaks."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.driver import Finding, Verdict
from drivers.errors import DeviceError
from drivers.serial_port import READ_BYTES, WAITING_BYTES, can_open, open_port, probed
from simulator.serial_line import SerialLine
from tests.clock import START_NS, FastClock
from tests.drivers.supervised import open_files, until

HOLDER = """
import serial, sys
port = serial.Serial(sys.argv[1], exclusive=True)
print("held", flush=True)
sys.stdin.read()
"""
NOBODY = 65_534


@contextmanager
def as_a_user() -> Iterator[None]:
    """Without root's rights, if we have them: root may open everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def held_by_another(path: Path) -> Iterator[None]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
    finally:
        holder.kill()
        holder.communicate()


def stuffed(line: SerialLine) -> None:
    """The device takes no bytes any more."""
    asyncio.get_running_loop().remove_reader(line._master)


async def fails_with(path: Path) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        async with open_port(str(path), FastClock(), baud=9600):
            pass
    return caught.value


# --- bytes -----------------------------------------------------------------------------------------------------------


async def test_bytes_carry_the_time_of_their_arrival(line: SerialLine) -> None:
    clock = FastClock()
    async with open_port(str(line.link), clock, baud=9600) as port:
        line.send(b"early")
        await until(lambda: port._arrived)
        clock.advance(60)  # whoever reads is busy for a minute
        line.send(b"late")
        first, second = await port.read(), await port.read()
    assert (first.data, second.data) == (b"early", b"late")
    assert first.at_ns == START_NS
    assert second.at_ns - first.at_ns == second.monotonic_ns - first.monotonic_ns == 60_000_000_000


async def test_what_came_before_we_opened_is_not_heard(line: SerialLine) -> None:
    sent = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(line.send(b"old"), sent.set_result, None)
    await sent
    async with open_port(str(line.link), FastClock(), baud=9600) as port:
        line.send(b"new")
        assert (await port.read()).data == b"new"


async def test_what_is_written_reaches_the_device(line: SerialLine) -> None:
    heard = bytearray()
    line.on_data = heard.extend
    async with open_port(str(line.link), FastClock(), baud=9600) as port:
        port.write(b"G\n\x00\x03\x11\xff")
        await until(lambda: len(heard) == 6)
    assert heard == b"G\n\x00\x03\x11\xff"  # raw: nothing is translated


async def test_a_flood_that_nobody_reads_is_bounded_and_reading_goes_on(line: SerialLine) -> None:
    async with open_port(str(line.link), FastClock(), baud=9600) as port:
        stopped = 0
        while stopped < 50:  # the kernel's buffer is full, and nobody empties it
            try:
                os.write(line._master, bytes(1000))
                stopped = 0
            except BlockingIOError:
                stopped += 1
            await asyncio.sleep(0)
        assert port._waiting_bytes <= WAITING_BYTES + READ_BYTES
        line.send(b"last")
        data = b""
        async with asyncio.timeout(10):
            while not data.endswith(b"last"):
                data = (await port.read()).data


# --- failures --------------------------------------------------------------------------------------------------------


async def test_absent_is_p101(tmp_path: Path) -> None:
    assert (await fails_with(tmp_path / "nothing")).code == "P-101"


@pytest.mark.parametrize("name", ["folder", "file", "nul\0", "x" * 300, "loop"])
async def test_what_is_no_port_is_p101(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert (await fails_with(tmp_path / name)).code == "P-101"


async def test_held_by_another_process_is_p102_until_it_ends(line: SerialLine) -> None:
    with held_by_another(line.link):
        assert (await fails_with(line.link)).code == "P-102"
    assert can_open(str(line.link)) is None


async def test_we_hold_it_for_ourselves_and_give_it_back(line: SerialLine) -> None:
    """TIOCEXCL, which stops everybody but root, ends with us, although the pty's other owner keeps it open."""
    path = os.ttyname(line._slave)
    os.chmod(path, 0o666)
    async with open_port(str(line.link), FastClock(), baud=9600):
        with as_a_user(), pytest.raises(OSError, match="busy"):
            os.open(path, os.O_RDWR | os.O_NOCTTY)
        assert (await fails_with(line.link)).code == "P-102"
    with as_a_user():
        assert can_open(path) is None
        assert can_open(path) is None


async def test_a_driver_finds_in_order_what_opens_and_what_is_held_perhaps_by_the_agent(line: SerialLine) -> None:
    path = str(line.link)
    assert probed(path, then="; show a card") == Finding(verdict=Verdict.OK, code="", what=f"{path} opens; show a card")
    with held_by_another(line.link):
        assert (probed(path).verdict, probed(path).what) == (Verdict.OK, f"{path} is in use, by the agent if it runs")
    absent = probed(f"{path}-absent")
    assert (absent.verdict, absent.code) == (Verdict.FAILED, "P-101")


async def test_no_permission_is_p103(line: SerialLine) -> None:
    path = os.ttyname(line._slave)
    os.chmod(path, 0)
    with as_a_user():
        error = can_open(path)
    assert error is not None
    assert error.code == "P-103"
    assert "dialout" in error.do


async def test_unplugged_while_reading_is_p104(line: SerialLine) -> None:
    async with open_port(str(line.link), FastClock(), baud=9600) as port:
        reading = asyncio.ensure_future(port.read())
        await asyncio.sleep(0)
        line.unplug()
        with pytest.raises(DeviceError) as caught:
            await asyncio.wait_for(reading, 2)
    assert caught.value.code == "P-104"


async def test_what_arrived_before_the_unplugging_is_still_read(line: SerialLine) -> None:
    async with open_port(str(line.link), FastClock(), baud=9600) as port:
        line.send(b"card")
        await until(lambda: port._arrived)
        line.unplug()
        await until(lambda: port._error)
        assert (await port.read()).data == b"card"
        for _ in range(2):  # and it stays gone
            with pytest.raises(DeviceError):
                await port.read()


@pytest.mark.parametrize("heard_of_it", [False, True])
async def test_writing_to_an_unplugged_port_is_p104(line: SerialLine, heard_of_it: bool) -> None:
    async with open_port(str(line.link), FastClock(), baud=9600) as port:
        line.unplug()
        if heard_of_it:
            await until(lambda: port._error)
        with pytest.raises(DeviceError) as caught:
            port.write(b"G\n")
    assert caught.value.code == "P-104"


async def test_writing_after_closing_is_p104(line: SerialLine) -> None:
    """The descriptor's number may be somebody else's by now."""
    async with open_port(str(line.link), FastClock(), baud=9600) as port:
        pass
    with pytest.raises(DeviceError) as caught:
        port.write(b"G\n")
    assert caught.value.code == "P-104"


async def test_a_device_that_takes_no_bytes_is_p105_at_once_and_each_time(line: SerialLine) -> None:
    """A full buffer must not stop the loop: all other devices live on it."""
    stuffed(line)
    async with open_port(str(line.link), FastClock(), baud=9600) as port:
        for _ in range(3):
            with pytest.raises(DeviceError) as caught:
                port.write(bytes(100_000))
            assert caught.value.code == "P-105"


# --- leaks -----------------------------------------------------------------------------------------------------------


async def test_200_connections_leak_nothing(line: SerialLine) -> None:
    before = open_files()
    for _ in range(200):
        async with open_port(str(line.link), FastClock(), baud=9600):
            pass
        assert can_open(str(line.link)) is None
    assert open_files() == before


async def test_200_failures_leak_nothing(tmp_path: Path, line: SerialLine) -> None:
    (tmp_path / "file").write_text("")
    before = open_files()
    with held_by_another(line.link):
        held = open_files()
        for _ in range(200):
            assert can_open(str(line.link)) is not None
            assert can_open(str(tmp_path / "file")) is not None
        assert open_files() == held
    assert open_files() == before


@pytest.mark.parametrize("ends", [SerialLine.unplug, stuffed])
async def test_200_replugs_leak_nothing(tmp_path: Path, ends: Callable[[SerialLine], None]) -> None:
    line = SerialLine(tmp_path / "device")
    before = open_files()
    for _ in range(200):
        line.plug()
        async with open_port(str(line.link), FastClock(), baud=9600) as port:
            ends(line)
            with pytest.raises(DeviceError):
                port.write(bytes(100_000))
        line.unplug()
    assert open_files() == before
