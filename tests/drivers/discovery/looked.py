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


async def is_open(link: Path) -> None:
    """Until somebody besides the line itself has the port open."""
    true = os.path.realpath(link)
    while _opened(true) < 2:
        await asyncio.sleep(0.005)


def _opened(true: str) -> int:
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            count += os.readlink(descriptor) == true
        except OSError:
            continue  # the descriptor of this very listing
    return count
