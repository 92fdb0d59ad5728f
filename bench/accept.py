"""Durable accept beside the limit: raw sqlite3 with the same bodies on the same disk in the same run."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent.clock import SystemClock
from agent.model import Lane
from agent.outbox.envelope import Envelope
from agent.outbox.outbox import Outbox, open_outbox
from agent.outbox.settings import OutboxSettings
from bench.figure import Figure, median
from bench.load import tap

EVENTS = 20_000
GROUP = 100
RUNS = 5
TARGET = 0.25


async def measure(folder: Path) -> list[Figure]:
    """Raw and ours by turns, so that a slow minute of the machine meets both."""
    raw, waiters, lists = [], [], []
    for _ in range(RUNS):
        raw.append(_raw(folder))
        waiters.append(await _ours(folder, _by_waiters))
        lists.append(await _ours(folder, _by_lists))
    return [
        _figure("durable accept, 100 waiters share a commit", waiters, raw),
        _figure("durable accept, lists of 100", lists, raw),
    ]


def _figure(name: str, ours: list[float], raw: list[float]) -> Figure:
    ratio = median([one / limit for one, limit in zip(ours, raw, strict=True)])
    return Figure(
        figure=name, value=median(ours), unit="events/s", limit_or_peer=f"raw sqlite3 by 100: {median(raw):.0f}",
        ratio=ratio, target=f"ratio >= {TARGET}", met=ratio >= TARGET, range=(min(ours), max(ours)), runs=RUNS,
    )  # fmt: skip


def _raw(folder: Path) -> float:
    """One row an event, 100 a transaction, WAL, synchronous=FULL."""
    envelope = Envelope("school-07", "0" * 36, Lane.RECORD, "0" * 36)
    bodies = [envelope.encode(tap(number), number, time.time_ns()) for number in range(1, EVENTS + 1)]
    with tempfile.TemporaryDirectory(dir=folder) as name:
        db = sqlite3.connect(Path(name) / "raw.db", isolation_level=None)
        db.execute("pragma journal_mode=wal")
        db.execute("pragma synchronous=full")
        db.execute("create table event (id integer primary key, body blob not null)")
        began_s = time.monotonic()
        for first in range(0, EVENTS, GROUP):
            db.execute("begin immediate")
            db.executemany("insert into event (body) values (?)", [(body,) for body in bodies[first : first + GROUP]])
            db.execute("commit")
        taken_s = time.monotonic() - began_s
        db.close()
    return EVENTS / taken_s


async def _ours(folder: Path, accept: Callable[[Outbox], Awaitable[None]]) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        async with open_outbox(
            Path(name) / "outbox.db", school="school-07", clock=SystemClock(), settings=OutboxSettings()
        ) as outbox:
            began_s = time.monotonic()
            await accept(outbox)
            return EVENTS / (time.monotonic() - began_s)


async def _by_lists(outbox: Outbox) -> None:
    for first in range(0, EVENTS, GROUP):
        await outbox.accept([tap(number) for number in range(first, first + GROUP)])


async def _by_waiters(outbox: Outbox) -> None:
    async def one(first: int) -> None:
        for number in range(first, EVENTS, GROUP):
            await outbox.accept([tap(number)])

    await asyncio.gather(*(one(first) for first in range(GROUP)))
