"""What each contestant is put through: a rush, taps one by one, a backlog, kills, and a first start without network.

Arrived  for a peer: another process has it from the broker. For ours: another process sees it committed by the centre.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import NamedTuple

from bench.peers.contestant import Contestant
from bench.peers.feed import logged
from bench.proc import cpu_s, written_bytes

WARM = 200
PATIENCE_S = 60.0
TAP_GAP_S = 0.1  # a canteen at its busiest: ten taps a second
KILL_GAP_S = 0.002
KILL_TAPS = 10_000  # more than come before the kill
KILL_AFTER_S = (0.6, 1.6)
GRACE_S = 1.0  # for what comes later than what was accepted later
LOOK_S = 0.1
COLD_S = 2.0  # for a store to write what it has accepted


class Rush(NamedTuple):
    events_per_s: float
    cpu_us: float
    written_bytes: float


class Paced(NamedTuple):
    taken_ms: list[float]
    cpu_us: float


class Backlog(NamedTuple):
    events_per_s: float
    back_s: float


class Losses(NamedTuple):
    accepted: int
    lost: int


def rate(at_s: list[float]) -> float:
    """Events a second, without those of the first moment: many may come in one message."""
    first = at_s.count(at_s[0])
    return (len(at_s) - first) / (at_s[-1] - at_s[0]) if first < len(at_s) else float("inf")


class Course:
    """begin(), then the others in any order; each tap has a number of its own."""

    def __init__(self, contestant: Contestant, folder: Path) -> None:
        self.contestant = contestant
        self._folder = folder
        self._next = 1

    async def begin(self) -> None:
        """Connected, and warm: some taps have gone all the way."""
        await self.contestant.far.network(on=True)
        await self.contestant.process.start()
        await self._rush(WARM)

    async def rush(self, count: int) -> Rush:
        """All at once, with the network there: from the first that is handed over to the last that arrived."""
        pid = self.contestant.process.pid
        cpu, written = cpu_s(pid), written_bytes(pid)
        taken_s = await self._rush(count)
        return Rush(count / taken_s, (cpu_s(pid) - cpu) / count * 1e6, (written_bytes(pid) - written) / count)

    async def paced(self, count: int) -> Paced:
        """One by one: how long each takes to arrive, and what it costs to be there for it."""
        arrivals, first = self.contestant.far.arrivals, self._take(count)
        log = self._folder / f"paced-{first}"
        there, cpu = len(arrivals.at_s), cpu_s(self.contestant.process.pid)
        await self.contestant.feed.pace(first, count, TAP_GAP_S, log)
        await arrivals.until(there + count, PATIENCE_S)
        cpu_us = (cpu_s(self.contestant.process.pid) - cpu) / count * 1e6
        put_ns = logged(log).values()
        return Paced([(at_s - ns / 1e9) * 1e3 for at_s, ns in zip(arrivals.at_s[there:], put_ns, strict=True)], cpu_us)

    async def backlog(self, count: int) -> Backlog:
        """Accepted while the network is away: events a second once the first have come, and when all are there."""
        arrivals = self.contestant.far.arrivals
        await self.contestant.far.network(on=False)
        await self.contestant.feed.accept(self._take(count), count)
        there, began_s = len(arrivals.at_s), time.monotonic()
        await self.contestant.far.network(on=True)
        end_s = await arrivals.until(there + count, PATIENCE_S)
        return Backlog(rate(arrivals.at_s[there:]), end_s - began_s)

    async def killed(self, rng: random.Random, times: int, *, away: bool) -> Losses:
        """SIGKILL while taps come: what was accepted and is not there once something accepted later is.

        away  the network fails before those taps, and is back before the process is
        """
        accepted: set[int] = set()
        for _ in range(times):
            first = self._take(KILL_TAPS)
            log = self._folder / f"kill-{first}"
            if away:
                await self.contestant.far.network(on=False)
            feeding = asyncio.create_task(self.contestant.feed.pace(first, KILL_TAPS, KILL_GAP_S, log))
            await asyncio.sleep(rng.uniform(*KILL_AFTER_S))
            self.contestant.process.kill()
            await feeding
            accepted |= set(logged(log))
            if away:
                await self.contestant.far.network(on=True)
            await self.contestant.process.start()
            await self._mark(accepted)
        return await self._losses(accepted)

    async def cold(self, count: int) -> Losses:
        """A first start without network, taps, and off again; then everything is there."""
        await self.contestant.far.network(on=True)
        await self.contestant.far.network(on=False)
        await self.contestant.process.start()
        first = self._take(count)
        await self.contestant.feed.accept(first, count)
        await asyncio.sleep(COLD_S)
        self.contestant.process.kill()
        await self.contestant.far.network(on=True)
        await self.contestant.process.start()
        accepted = set(range(first, first + count))
        await self._mark(accepted)
        return await self._losses(accepted)

    async def _rush(self, count: int) -> float:
        there = len(self.contestant.far.arrivals.at_s)
        answer = await self.contestant.feed.accept(self._take(count), count)
        return await self.contestant.far.arrivals.until(there + count, PATIENCE_S) - answer.began_s

    async def _mark(self, accepted: set[int]) -> None:
        """Until a last tap has arrived: what came before it and can arrive has done so. Raises TimeoutError."""
        mark = self._take(1)
        await self.contestant.feed.accept(mark, 1)
        async with asyncio.timeout(PATIENCE_S):
            while mark not in await self.contestant.far.arrived():
                await asyncio.sleep(LOOK_S)
        if accepted - await self.contestant.far.arrived():
            await asyncio.sleep(GRACE_S)

    async def _losses(self, accepted: set[int]) -> Losses:
        lost = accepted - await self.contestant.far.arrived()
        return Losses(len(accepted), len(lost))

    def _take(self, count: int) -> int:
        self._next += count
        return self._next - count
