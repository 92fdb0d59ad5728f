"""A serial port as bytes on the event loop: raw, exclusive, closed on every path.

Unplugging shows itself in many ways (SerialException, OSError EIO, termios.error, an empty read); here it is one:
P-104. Writes never block: a device that does not take bytes must not stop the others.
Raises  DeviceError P-101 absent, P-102 held by another, P-103 no permission, P-104 gone, P-105 does not take bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import termios
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import serial

from drivers.driver import Clock, Finding, Verdict
from drivers.errors import DeviceError

READ_BYTES = 4096
WAITING_BYTES = 65_536
GONE = (OSError, serial.SerialException, termios.error)
HELD = {errno.EBUSY, errno.EWOULDBLOCK, errno.EAGAIN}


class Bytes(msgspec.Struct, frozen=True):
    """What arrived, and when: whoever is busy with a tap reads it later, but it came now."""

    data: bytes
    at_ns: int
    monotonic_ns: int


class SerialPort:
    """An open port. Use open_port()."""

    def __init__(self, port: serial.Serial, path: str, clock: Clock) -> None:
        self._port = port
        self._path = path
        self._clock = clock
        self._fd: int = port.fileno()
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[Bytes] = deque()
        self._waiting_bytes = 0
        self._news = asyncio.Event()
        self._error: DeviceError | None = None
        self._loop.add_reader(self._fd, self._on_readable)

    async def read(self) -> Bytes:
        """What arrived next, at least one byte. Raises DeviceError P-104."""
        while not self._arrived:
            if self._error is not None:
                raise self._error
            self._news.clear()
            await self._news.wait()
        if self._waiting_bytes >= WAITING_BYTES:
            self._loop.add_reader(self._fd, self._on_readable)
        arrived = self._arrived.popleft()
        self._waiting_bytes -= len(arrived.data)
        return arrived

    def write(self, data: bytes) -> None:
        """Hand bytes to the kernel's buffer. Raises DeviceError P-104, P-105."""
        try:
            written = os.write(self._port.fileno(), data)  # pyserial's write spins for ever on a full buffer
        except BlockingIOError:
            written = 0
        except GONE as error:
            raise self._gone(error) from error
        if written != len(data):
            raise DeviceError("P-105", f"{self._path} takes no bytes", do="Check the device's power and flow control.")

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        _give_back(self._port)

    def _on_readable(self) -> None:
        """Take bytes as they come, up to a bound; beyond it the kernel's buffer overruns, as a UART does."""
        try:
            data = bytes(self._port.read(READ_BYTES))
            if not data:  # end of file on a pty that hung up; nothing on a live port
                termios.tcgetattr(self._fd)
                _ = self._port.in_waiting
        except GONE as error:
            self._error = self._gone(error)
            self._news.set()
            return
        if not data:
            return
        self._arrived.append(Bytes(data, self._clock.utc_ns(), self._clock.monotonic_ns()))
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= WAITING_BYTES:
            self._loop.remove_reader(self._fd)
        self._news.set()

    def _gone(self, error: BaseException) -> DeviceError:
        self._loop.remove_reader(self._fd)
        return DeviceError(
            "P-104",
            f"{self._path} went away: {error}",
            do="Check the USB plug and the cable; the agent retries by itself.",
        )


@asynccontextmanager
async def open_port(
    path: str, clock: Clock, *, baud: int, parity: str = "N", stopbits: int = 1
) -> AsyncIterator[SerialPort]:
    """Open a port for us alone. Raises DeviceError."""
    port = SerialPort(_opened(path, baud, parity, stopbits), path, clock)
    try:
        yield port
    finally:
        port.close()


def can_open(path: str) -> DeviceError | None:
    """Why a port cannot be opened now, or None; leaves it closed."""
    try:
        _give_back(_opened(path, 9600, "N", 1))
    except DeviceError as error:
        return error
    return None


def probed(path: str, *, then: str = "") -> Finding:
    """Whether a port can be opened, and what to do then; a port held by the running agent is in order."""
    error = can_open(path)
    if error is None:
        return Finding(verdict=Verdict.OK, code="", what=f"{path} opens{then}")
    if error.code == "P-102":
        return Finding(verdict=Verdict.OK, code="", what=f"{path} is in use, by the agent if it runs")
    return Finding.failed(error)


def _opened(path: str, baud: int, parity: str, stopbits: int) -> serial.Serial:
    port = None
    try:
        port = serial.Serial(path, baud, parity=parity, stopbits=stopbits, timeout=0, write_timeout=0, exclusive=True)
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)  # exclusive=True is advisory: this stops plain opens too
        port.reset_input_buffer()  # what came before we listened is not a card of now
    except (*GONE, ValueError) as error:  # ValueError: a path or a baud rate that cannot be
        if port is not None:
            _give_back(port)
        raise _reason(path, error) from error
    return port


def _give_back(port: serial.Serial) -> None:
    """Close, and let others open: while somebody else still has the port, TIOCEXCL would outlive our close."""
    with contextlib.suppress(*GONE):
        fcntl.ioctl(port.fileno(), termios.TIOCNXCL)
    with contextlib.suppress(*GONE):
        port.close()


def _reason(path: str, error: BaseException) -> DeviceError:
    number = getattr(error, "errno", None)
    if number is None and isinstance(error, serial.SerialException):
        number = errno.EBUSY if "exclusively lock" in str(error) else None
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return DeviceError(
            "P-101", f"{path} is not there", do="Plug the device in; check the udev name in the configuration."
        )
    if number in HELD:
        return DeviceError("P-102", f"{path} is held by another program", do="Find it with `fuser -v` and end it.")
    if number in (errno.EACCES, errno.EPERM):
        return DeviceError(
            "P-103",
            f"{path} may not be opened",
            do="Add the agent's user to the group dialout, then restart the agent.",
        )
    return DeviceError("P-101", f"{path} cannot be opened: {error}", do="Unplug the device and plug it in again.")
