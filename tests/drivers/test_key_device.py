"""Events of the kernel however they are cut; a named pipe in the place of a device: what arrives, what is lost, floods,
hang-ups; and which trouble each way of not being a reader is.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import pty
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import SystemClock
from drivers import key_device
from drivers.errors import DeviceError
from drivers.key_device import (
    EVENT,
    EVIOCGRAB,
    EVIOCGVERSION,
    EVIOCSCLOCKID,
    FLOOD_EVENTS,
    LOST,
    WAITING_EVENTS,
    KeyEvent,
    can_open,
    decode,
    open_device,
)
from simulator.typing_reader import SYN_DROPPED, TypingReader, moved
from tests.clock import FastClock
from tests.drivers.supervised import open_files, until

ONE = (0x1E, 2)
HEADER = Path("/usr/include/linux/input.h")


def test_the_calls_are_those_of_the_kernels_header() -> None:
    """_IOR and _IOW of <asm-generic/ioctl.h>: direction, size, 'E', number."""
    text = HEADER.read_text()
    numbers = {name: re.search(rf"#define {name}\s+_IO([RW])\('E', (0x\w+), int\)", text) for name in NAMES}
    made = {
        name: ({"W": 1, "R": 2}[found[1]] << 30 | 4 << 16 | ord("E") << 8 | int(found[2], 16))
        for name, found in numbers.items()
        if found
    }
    assert made == NAMES


NAMES = {"EVIOCGVERSION": EVIOCGVERSION, "EVIOCGRAB": EVIOCGRAB, "EVIOCSCLOCKID": EVIOCSCLOCKID}


def test_an_event_is_as_long_as_the_kernels() -> None:
    assert EVENT.size == 24


def test_a_key_is_heard_however_it_is_cut() -> None:
    data = moved(ONE, 1, 5_000_000_000) + moved(ONE, 0, 5_008_000_000)
    expected = [KeyEvent(2, 1, 5_000_000_000), KeyEvent(2, 0, 5_008_000_000)]
    for cut in range(len(data)):
        buffer, heard = bytearray(), []
        for chunk in (data[:cut], data[cut:]):
            buffer += chunk
            heard += decode(buffer)
            assert len(buffer) < EVENT.size
        assert heard == expected


def test_lost_keys_are_told() -> None:
    assert list(decode(bytearray(EVENT.pack(1, 0, 0, SYN_DROPPED, 0)))) == [KeyEvent(LOST, 0, 1_000_000_000)]


@given(data=st.binary(max_size=500))
def test_any_bytes_are_events_or_nothing(data: bytes) -> None:
    buffer = bytearray(data)
    assert len(list(decode(buffer))) <= len(data) // EVENT.size
    assert len(buffer) == len(data) % EVENT.size


# --- a pipe in the place of a device ---------------------------------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Path) -> TypingReader:
    reader = TypingReader("reader", tmp_path / "reader")
    reader.plug()
    return reader


async def test_what_nobody_reads_is_bounded_and_told(reader: TypingReader) -> None:
    writes = WAITING_EVENTS // 20 + 4
    async with open_device(str(reader.link), FastClock()) as device:
        for _ in range(writes):
            reader.write((moved(ONE, 1, 0) + moved(ONE, 0, 0)) * 10)
            await asyncio.sleep(0)
        await until(lambda: device.seen == writes * 60)
        assert device._waiting <= WAITING_EVENTS
        assert (await device.read()).events[0].code == LOST
    reader.unplug()


async def test_a_device_that_hangs_up_is_gone_after_what_it_typed(reader: TypingReader) -> None:
    before = open_files()
    async with open_device(str(reader.link), FastClock()) as device:
        reader.write(moved(ONE, 1, 0))
        reader.unplug()
        assert [event.code for event in (await device.read()).events] == [2]
        with pytest.raises(DeviceError, match="R-404"):
            await device.read()
    assert open_files() <= before


async def test_a_device_that_floods_is_given_up(reader: TypingReader) -> None:
    async with open_device(str(reader.link), FastClock()) as device:
        typing = moved(ONE, 1, 0) * 20
        while device._error is None:
            reader.write(typing)
            await asyncio.sleep(0)
        assert FLOOD_EVENTS < device.seen <= FLOOD_EVENTS + 64
        with pytest.raises(DeviceError, match="R-405"):
            await device.read()
    reader.unplug()


async def test_a_rush_is_no_flood(reader: TypingReader) -> None:
    clock = FastClock()
    async with open_device(str(reader.link), clock) as device:
        for second in range(30):
            for _ in range(2):
                reader.type("0008075634")
            await until(lambda second=second: device.seen == (second + 1) * 132)
            clock.advance(1)
            await device.read()
        assert device._error is None
    reader.unplug()


async def test_a_device_that_floods_from_the_start_is_held_and_told(
    reader: TypingReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_device, "FLOOD_LOOKS", 3)
    monkeypatch.setattr(key_device, "LOOK_S", 0.02)
    monkeypatch.setattr(key_device, "LOOK_EVENTS", 50)
    flood = asyncio.create_task(flooding(reader))
    with pytest.raises(DeviceError, match="R-405"):
        async with open_device(str(reader.link), SystemClock()):
            pass
    flood.cancel()
    await asyncio.gather(flood, return_exceptions=True)
    async with open_device(str(reader.link), SystemClock()) as device:  # quiet again
        assert device._error is None
    reader.unplug()


async def flooding(reader: TypingReader) -> None:
    while True:
        reader.write(moved(ONE, 1, 0) * 20)
        await asyncio.sleep(0)


# --- what is no reader, or not ours ----------------------------------------------------------------------------------


async def test_what_is_no_keyboard_is_refused(tmp_path: Path) -> None:
    file, terminal = tmp_path / "file", os.openpty()
    file.write_bytes(b"x")
    before = open_files()
    for path in ("/dev/null", os.ttyname(terminal[1]), str(file), str(tmp_path)):
        with pytest.raises(DeviceError, match="R-406"):
            async with open_device(path, FastClock()):
                pass
    for path in (str(tmp_path / "nothing"), "", "\0", "/dev/null/x", "x" * 5000):
        with pytest.raises(DeviceError, match="R-401"):
            async with open_device(path, FastClock()):
                pass
    assert open_files() == before
    for fd in terminal:
        os.close(fd)


@pytest.mark.parametrize(("number", "code"), [(errno.EBUSY, "R-402"), (errno.ENODEV, "R-401"), (errno.EACCES, "R-403")])
def test_a_device_that_cannot_be_taken_says_why(number: int, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No build machine has an input device: a terminal in its place, the kernel's answer put in its mouth."""
    asked = []

    def ioctl(_fd: int, call: int, *_: object) -> int:
        asked.append(call)
        if call == EVIOCGRAB:
            raise OSError(number, os.strerror(number))
        return 0

    master, slave = pty.openpty()
    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    before = open_files()
    with pytest.raises(DeviceError) as caught:
        key_device._opened(os.ttyname(slave), take=True)
    assert caught.value.code == code
    assert asked == [EVIOCGVERSION, EVIOCGRAB]
    assert can_open(os.ttyname(slave)) is None  # a look takes nothing
    assert asked[2:] == [EVIOCGVERSION]
    assert open_files() == before
    os.close(master)
    os.close(slave)


def test_a_device_that_is_taken_is_taken_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was typed before is not read: it may have been typed to somebody else."""
    asked: list[int] = []
    monkeypatch.setattr(fcntl, "ioctl", lambda _fd, call, *_: asked.append(call))
    master, slave = pty.openpty()
    os.write(master, b"typed before\n")
    fd = key_device._opened(os.ttyname(slave), take=True)
    with pytest.raises(BlockingIOError):
        os.read(fd, 1)
    assert asked == [EVIOCGVERSION, EVIOCGRAB, EVIOCSCLOCKID]
    for one in (fd, master, slave):
        os.close(one)
