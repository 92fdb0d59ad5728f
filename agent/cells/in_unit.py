"""A cell in a unit of its own: systemd starts it, with its own user and limits, for each connection to its socket.

The daemon cannot signal it: it closes the socket, upon which the cell ends; one that is stuck is ended by its unit's
watchdog. Its process is the one that it names in its beats: that is good for a figure in `mektep status` and for the
watch on memory and processor; a cell that lies there is held by its unit's limits alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

from agent.cells.child import Births, Born, Child
from drivers.catalog import Cell as Limits
from drivers.errors import DeviceError

FOLDER = "MEKTEP_CELLS"  # the environment names where the sockets of the units are; without it the daemon starts cells
WATCHDOG_S = 8.0  # of the units: systemd/mektep-cell@.service and its like
CLOSE_S = 3.0  # for its devices
LOOK_S = 0.05


class InUnit:
    """A process of another user, at the other end of a connection."""

    end_s = WATCHDOG_S + CLOSE_S

    def __init__(self, end: socket.socket, unit: str, proc: Path = Path("/proc")) -> None:
        self._end = end
        self._unit = unit
        self._proc = proc
        self._process: tuple[int, str] | None = None  # its number, and when it began: numbers are used again

    @property
    def pid(self) -> int:
        return self._process[0] if self._process else 0

    @property
    def ended(self) -> bool:
        return self._process is None or self._began(self.pid) != self._process[1]

    def named(self, pid: int) -> None:
        if self._process is None and (began := self._began(pid)):
            self._process = (pid, began)

    def kill(self) -> None:
        with contextlib.suppress(OSError):  # it has ended already
            self._end.shutdown(socket.SHUT_RDWR)

    async def gone(self, within_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not self.ended:  # noqa: ASYNC110 - the kernel tells it to the parent alone
                    await asyncio.sleep(LOOK_S)
        return self.ended

    async def keep_words(self) -> None:
        """They are in the journal."""

    def how(self) -> tuple[str, str]:
        where = f"journalctl -u 'mektep-{self._unit}@*' says how"
        if self._process is None:
            return "U-131", f"its unit ended before it said a word; {where}"
        return "U-101", f"its unit ended; {where}"

    def _began(self, pid: int) -> str:
        """Of a process that lives, proc(5); empty if it does not."""
        try:
            fields = (self._proc / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""
        rest = fields.rpartition(")")[2].split()
        return rest[19] if len(rest) > 19 and rest[0] not in ("Z", "X") else ""


class Units:
    """Connections to the sockets in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def bear(self, limits: Limits) -> Born:
        """Raises DeviceError U-130."""
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        path = self._folder / f"{limits.unit}.sock"
        try:
            await asyncio.get_running_loop().sock_connect(end, str(path))
        except OSError as error:
            end.close()
            raise DeviceError(
                "U-130",
                f"no cell can be had at {path}: {error.strerror}",
                do=f"Run: sudo systemctl enable --now mektep-{limits.unit}.socket",
            ) from error
        return Born(InUnit(end, limits.unit), end, 0)  # the unit has its own Nice=


_BIRTHS: type[Births] = Units
_CHILD: type[Child] = InUnit
