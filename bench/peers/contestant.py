"""A contestant: a process that is fed with taps, and the far end where they arrive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from bench.peers.arrivals import Arrivals
from bench.peers.feed import Answer
from simulator.processes import Process


class Fed(Protocol):
    """bench/peers/feed.py says what the two mean."""

    async def accept(self, first: int, count: int) -> Answer: ...
    async def pace(self, first: int, count: int, gap_s: float, log: Path) -> None: ...


class FarEnd(Protocol):
    """network() before all else, as often as it shall fail and be back; close() at the end."""

    arrivals: Arrivals

    async def network(self, *, on: bool) -> None: ...
    async def arrived(self) -> set[int]: ...
    async def close(self) -> None: ...


class Contestant(NamedTuple):
    """`process` may be killed and started again."""

    name: str
    feed: Fed
    far: FarEnd
    process: Process

    async def close(self) -> None:
        self.process.kill()
        await self.far.close()


Make = Callable[[Path], Contestant]
