"""Durable accept beside the limit: raw sqlite3 with the same bodies on the same disk in the same run."""

from __future__ import annotations

import asyncio
import os
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
from bench.proc import written_bytes

EVENTS = 20_000
GROUP = 100
RUNS = 5
SINGLE = 500
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
        *await _single(folder),
    ]


def _figure(name: str, ours: list[float], raw: list[float]) -> Figure:
    ratio = median([one / limit for one, limit in zip(ours, raw, strict=True)])
    return Figure(
        figure=name, value=median(ours), unit="events/s", limit_or_peer=f"raw sqlite3 by 100: {median(raw):.0f}",
        ratio=ratio, target=f"ratio >= {TARGET}", met=ratio >= TARGET, range=(min(ours), max(ours)), runs=RUNS,
    )  # fmt: skip


async def _single(folder: Path) -> list[Figure]:
    """One tap at a time: how long until it is durable, and what it writes."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        async with open_outbox(
            Path(name) / "outbox.db", school="school-07", clock=SystemClock(), settings=OutboxSettings(ballast_mb=0)
        ) as outbox:
            written, taken_ms = written_bytes(), []
            for number in range(SINGLE):
                began_s = time.monotonic()
                await outbox.accept([tap(number)])
                taken_ms.append((time.monotonic() - began_s) * 1e3)
            each = (written_bytes() - written) / SINGLE
    syncs = _syncs_ms(folder)
    return [
        Figure(
            figure="a single tap, accept to durable, median", value=median(taken_ms), unit="ms",
            limit_or_peer=f"append and fdatasync: {median(syncs):.3g} ms", ratio=median(taken_ms) / median(syncs),
            target="", met=None, range=(min(taken_ms), max(taken_ms)), runs=SINGLE,
        ),
        Figure(
            figure="bytes written by a single tap", value=each, unit="bytes", limit_or_peer="", ratio=None,
            target="", met=None, runs=SINGLE,
        ),
    ]  # fmt: skip


def _syncs_ms(folder: Path) -> list[float]:
    """What the disk itself needs."""
    taken_ms = []
    with tempfile.NamedTemporaryFile(dir=folder) as out:
        for _ in range(SINGLE):
            began_s = time.monotonic()
            out.write(bytes(430))
            out.flush()
            os.fdatasync(out.fileno())
            taken_ms.append((time.monotonic() - began_s) * 1e3)
    return taken_ms


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
