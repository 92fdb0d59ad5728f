"""A keyboard's device node as key events on the event loop: taken for us alone, closed on every path.

Taken (EVIOCGRAB), its keys reach no console and no other program. A named pipe may stand in for a device: no console
listens to it, so there is nothing to take.
Wire    struct input_event: seconds, microseconds, type, code, value. Keys lost by the kernel are told by SYN_DROPPED.
Source  Linux, include/uapi/linux/input.h and Documentation/input/event-codes.rst.
Raises  DeviceError R-401 absent, R-402 held by another, R-403 no permission, R-404 gone, R-405 floods, R-406 no such
        device.
Bounded WAITING_EVENTS that nobody has read. A device that floods is given up, and held as long as it floods.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import stat
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec

from drivers.driver import Clock
from drivers.errors import DeviceError

EVENT = struct.Struct("@llHHi")
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
DOWN = 1
EVIOCGVERSION = 0x80044501
EVIOCGRAB = 0x40044590
EVIOCSCLOCKID = 0x400445A0
READ_EVENTS = 64
WAITING_EVENTS = 1024
KERNEL_READS = 64  # more than the kernel keeps for a reader that is not read
LOST = -1  # the code of an event that says: keys are missing here
FLOOD_NS = 10_000_000_000
FLOOD_EVENTS = 4_000  # in that time; a card is 66 events, or twice that with shift, and two cards a second a rush
LOOK_S = 0.1  # how long a device that was just opened is looked at
LOOK_EVENTS = 400
FLOOD_LOOKS = 200  # twenty seconds; then its trouble is told again
ABSENT = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}


class KeyEvent(msgspec.Struct, frozen=True):
    """One key went down (1), up (0), or is held (2); or LOST."""

    code: int
    value: int
    event_ns: int  # CLOCK_BOOTTIME, by the kernel: when the key moved, not when we read it


class Keys(msgspec.Struct, frozen=True):
    """What arrived together, and when."""

    events: tuple[KeyEvent, ...]
    at_ns: int
    monotonic_ns: int


def decode(buffer: bytearray) -> Iterator[KeyEvent]:
    """Eat whole events; leave the unfinished rest, less than one event. What is no key is nothing."""
    whole = len(buffer) // EVENT.size * EVENT.size
    for seconds, microseconds, kind, code, value in EVENT.iter_unpack(buffer[:whole]):
        if kind == EV_KEY:
            yield KeyEvent(code, value, seconds * 1_000_000_000 + microseconds * 1_000)
        elif kind == EV_SYN and code == SYN_DROPPED:
            yield KeyEvent(LOST, 0, seconds * 1_000_000_000 + microseconds * 1_000)
    del buffer[:whole]


class KeyDevice:
    """An open device. Use open_device()."""

    def __init__(self, fd: int, path: str, clock: Clock) -> None:
        self.seen = 0  # events of all kinds since it was opened
        self._fd = fd
        self._path = path
        self._clock = clock
        self._buffer = bytearray()
        self._arrived: deque[Keys] = deque()
        self._waiting = 0
        self._metered: tuple[int, int] | None = None  # since when, and how many events there were then
        self._news = asyncio.Event()
        self._error: DeviceError | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(fd, self._on_readable)

    async def read(self) -> Keys:
        """What arrived next, at least one event. Raises DeviceError R-404."""
        while not self._arrived:
            if self._error is not None:
                raise self._error
            self._news.clear()
            await self._news.wait()
        keys = self._arrived.popleft()
        self._waiting -= len(keys.events)
        return keys

    async def settle(self) -> None:
        """Look whether it floods, and hold it as long as it does. Raises DeviceError R-405."""
        for _ in range(FLOOD_LOOKS):
            before = self.seen
            await self._clock.sleep(LOOK_S)
            if self.seen - before <= LOOK_EVENTS:
                self._metered = (self._clock.monotonic_ns(), self.seen)
                return
            self.drop()
        raise self._flood()

    def drop(self) -> None:
        """Forget what waits to be read."""
        self._arrived.clear()
        self._waiting = 0

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _on_readable(self) -> None:
        """Take events as they come, up to a bound; beyond it what is not read is lost, and that is told."""
        try:
            data = os.read(self._fd, READ_EVENTS * EVENT.size)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(self._gone(error.strerror or str(error)))
            return
        if not data:
            self._end(self._gone("it hung up"))
            return
        self._buffer += data
        self.seen += len(self._buffer) // EVENT.size
        events = tuple(decode(self._buffer))
        if self._floods():
            self.drop()
            self._end(self._flood())
        elif events:
            self._keep(events)

    def _floods(self) -> bool:
        if self._metered is None:
            return False
        since_ns, before = self._metered
        now_ns = self._clock.monotonic_ns()
        if now_ns - since_ns > FLOOD_NS:
            self._metered = (now_ns, self.seen)
            return False
        return self.seen - before > FLOOD_EVENTS

    def _flood(self) -> DeviceError:
        do = "Unplug the reader: it is broken, or it is none; the agent keeps its keys from everybody while it floods."
        return DeviceError("R-405", f"{self._path} types without end", do=do)

    def _keep(self, events: tuple[KeyEvent, ...]) -> None:
        if self._waiting + len(events) > WAITING_EVENTS:
            self.drop()
            events = (KeyEvent(LOST, 0, events[-1].event_ns),)
        self._arrived.append(Keys(events, self._clock.utc_ns(), self._clock.monotonic_ns()))
        self._waiting += len(events)
        self._news.set()

    def _end(self, error: DeviceError) -> None:
        self._loop.remove_reader(self._fd)
        self._error = error
        self._news.set()

    def _gone(self, why: str) -> DeviceError:
        do = "Check the USB plug; the agent takes the reader up again by itself."
        return DeviceError("R-404", f"{self._path} went away: {why}", do=do)


@asynccontextmanager
async def open_device(path: str, clock: Clock) -> AsyncIterator[KeyDevice]:
    """Open a device for us alone. Raises DeviceError."""
    device = KeyDevice(_opened(path, take=True), path, clock)
    try:
        await device.settle()
        yield device
    finally:
        device.close()


def can_open(path: str) -> DeviceError | None:
    """Why a device cannot be opened, or None; takes nothing from whoever has it."""
    try:
        os.close(_opened(path, take=False))
    except DeviceError as error:
        return error
    return None


def _opened(path: str, *, take: bool) -> int:
    fd = -1
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        if not stat.S_ISFIFO(os.fstat(fd).st_mode):
            fcntl.ioctl(fd, EVIOCGVERSION, bytes(4))
            if take:
                _take(fd)
    except (OSError, ValueError) as error:  # ValueError: a path that cannot be
        if fd >= 0:
            os.close(fd)
        raise _reason(path, error) from error
    return fd


def _take(fd: int) -> None:
    """For us alone, its times by the clock that we go by, and nothing from before."""
    fcntl.ioctl(fd, EVIOCGRAB, 1)
    fcntl.ioctl(fd, EVIOCSCLOCKID, struct.pack("@i", time.CLOCK_BOOTTIME))
    with contextlib.suppress(BlockingIOError):
        for _ in range(KERNEL_READS):
            os.read(fd, READ_EVENTS * EVENT.size)


def _reason(path: str, error: OSError | ValueError) -> DeviceError:
    number = error.errno if isinstance(error, OSError) else errno.ENOENT
    if number == errno.EBUSY:
        do = "Find it with `fuser -v` and end it; two readers need two names in /dev/input/by-id."
        return DeviceError("R-402", f"{path} is held by another program", do=do)
    if number in (errno.EACCES, errno.EPERM):
        return DeviceError(
            "R-403", f"{path} may not be opened", do="Add the agent's user to the group input, then restart the agent."
        )
    if number in ABSENT:
        do = "Plug the reader in; `ls /dev/input/by-id` shows the names."
        return DeviceError("R-401", f"{path} is not there", do=do)
    do = "Write the name from /dev/input/by-id that ends in -event-kbd."
    return DeviceError("R-406", f"{path} is no keyboard-type reader: {error}", do=do)
