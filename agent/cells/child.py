"""The process of one life of a cell, however it came to be: started by the daemon, or by systemd for a connection."""

from __future__ import annotations

import socket
from typing import Protocol

import msgspec

from drivers.catalog import Cell as Limits


class Child(Protocol):
    """What the daemon knows of it, and may do to it."""

    end_s: float  # after its socket has ended, so long may its own end take

    @property
    def pid(self) -> int: ...  # 0: not known

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        ...

    def named(self, pid: int) -> None:
        """What it says that its process is."""
        ...

    def kill(self) -> None:
        """Have it ended."""
        ...

    async def gone(self, within_s: float) -> bool:
        """Whether it ends within a while."""
        ...

    async def keep_words(self) -> None:
        """Until it ends: what it writes last, for how()."""
        ...

    def how(self) -> tuple[str, str]:
        """A code, and how it ended by itself."""
        ...


class Born(msgspec.Struct, frozen=True):
    """A child, our end of its socket, and by how much it is to be nicer than others."""

    child: Child
    end: socket.socket
    nice: int


class Births(Protocol):
    """Where children come from."""

    async def bear(self, limits: Limits) -> Born:
        """Raises DeviceError U-106, U-130."""
        ...
