"""A serial line as the agent sees it: a pty behind a stable name, paced to the baud rate; it can be unplugged."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import termios
import tty
from collections.abc import Callable
from pathlib import Path

BITS_A_BYTE = 10  # 8N1
OnData = Callable[[bytes], None]
Pty = tuple[int, int, str]  # our end, the other one, and the other one's name


def own_pty() -> Pty:
    """Of this machine."""
    master, slave = pty.openpty()
    return master, slave, os.ttyname(slave)


class SerialLine:
    """The device's end of a line; the agent opens `link`.

    on_data  is called with what the agent writes
    open_pty  makes a pty where the agent runs
    """

    def __init__(
        self,
        link: Path,
        *,
        baud: int = 9600,
        on_data: OnData | None = None,
        open_pty: Callable[[], Pty] = own_pty,
    ) -> None:
        self.link = link
        self.on_data = on_data
        self._open_pty = open_pty
        self.plugged = False
        self.silent = False  # the device is dead: nothing leaves it
        self.late_s = 0.0  # the device answers so much later
        self.stalled = False  # the device hangs: half of what it sends next, then nothing
        self.disturb: Callable[[bytes], bytes] | None = None
        self._byte_s = BITS_A_BYTE / baud
        self._master = self._slave = -1
        self._plugs = 0  # how often it was plugged in
        self._free_s = 0.0  # when the line has sent what it was given
        self._rest = b""  # of what was cut when it stalled

    def plug(self) -> None:
        """Appear, or appear again, under the same name."""
        self._master, self._slave, name = self._open_pty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        fresh = self.link.with_name(f".{self.link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.rename(self.link)
        asyncio.get_running_loop().add_reader(self._master, self._hear)
        self.plugged = True
        self._plugs += 1

    def unplug(self) -> None:
        """Vanish, as a USB adapter that is pulled."""
        if not self.plugged:
            return
        self.plugged = False
        asyncio.get_running_loop().remove_reader(self._master)
        self.link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)

    def let_go(self) -> None:
        """Nobody's own any more: what the kernel does when the last program that had a port is gone.

        We have the pty open ourselves, so it would wait for us.
        """
        if self.plugged:
            fcntl.ioctl(self._slave, termios.TIOCNXCL)

    def send(self, data: bytes) -> float:
        """Put bytes on the line, no faster than the baud rate. Returns the seconds until the last has left."""
        loop = asyncio.get_running_loop()
        data = self.disturb(data) if self.disturb else data
        data = self._cut(data) if self.stalled else data
        start_s = max(loop.time() + self.late_s, self._free_s)
        self._free_s = start_s + len(data) * self._byte_s
        if not self.silent:
            loop.call_at(self._free_s, self._deliver, data, self._plugs)
        return self._free_s - loop.time()

    def go_on(self, noise: bytes) -> None:
        """After a stall: noise, and the rest of what was cut."""
        rest, self.stalled, self._rest = self._rest, False, b""
        self.send(noise + rest)

    def _cut(self, data: bytes) -> bytes:
        """The first half of the first thing sent; of all that follows nothing."""
        if self._rest:
            return b""
        half = len(data) // 2
        self._rest = data[half:]
        return data[:half]

    def _deliver(self, data: bytes, plug: int) -> None:
        """What was on the line when it was pulled never comes."""
        if self.plugged and plug == self._plugs:
            try:
                os.write(self._master, data)
            except BlockingIOError:
                return  # nobody reads: a UART's buffer overruns too

    def _hear(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except OSError:
            return  # nobody has the port open
        if self.on_data:
            self.on_data(data)


def join(agent_end: SerialLine, device_end: SerialLine) -> None:
    """Two ptys as one line: for devices that want a port of their own, such as a Modbus server."""

    def forward(data: bytes) -> None:
        device_end.send(data)

    def back(data: bytes) -> None:
        agent_end.send(data)

    agent_end.on_data, device_end.on_data = forward, back
