"""What a look brings home, as a list; and how far it was."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

from drivers.discovery.ports import Port

T = TypeVar("T")


async def all_of(look: AsyncIterator[T]) -> list[T]:
    return [one async for one in look]


class Ticks:
    """A tick that remembers."""

    def __init__(self) -> None:
        self.shares: list[float] = []

    def __call__(self, done: int, of: int) -> None:
        self.shares.append(done / of)

    def went_on(self) -> bool:
        """From little to all, never back."""
        return self.shares == sorted(self.shares) and self.shares[-1] == 1 and all(0 <= one <= 1 for one in self.shares)


def port_at(link: Path) -> Port:
    """A free port as the technician's box would list it."""
    return Port(device=str(link), true=str(link), name=str(link), names=(), what="adapter")


async def is_open(link: Path, *, elsewhere: bool = False) -> None:
    """Until somebody besides the line itself has the port open; `elsewhere`: another process."""
    true = os.path.realpath(link)
    while not (_opened(Path("/proc"), true) if elsewhere else _count(Path("/proc/self"), true) > 1):
        await asyncio.sleep(0.01)


def _opened(proc: Path, true: str) -> bool:
    others = [one for one in proc.iterdir() if one.name.isdecimal() and int(one.name) != os.getpid()]
    return any(_count(one, true) for one in others)


def _count(process: Path, true: str) -> int:
    count = 0
    try:
        for descriptor in (process / "fd").iterdir():
            count += os.readlink(descriptor) == true
    except OSError:
        return count  # it ended, or this is the descriptor of the listing itself
    return count
