"""An outbox for tests: opened in a folder, fed with drafts, read back event by event; and ways to wait for facts."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent import db
from agent.events import CardSeen, Health, ZoneChanged, draft
from agent.model import Draft, Lane, Moment
from agent.outbox.outbox import Outbox, open_outbox
from agent.outbox.settings import OutboxSettings
from tests.clock import FastClock

SCHOOL = "school-07"
AT = Moment(1_795_420_800_123_456_789, 5_000_000_000, True)  # 2026-11-23T08:00:00.123456Z
SMALL = OutboxSettings(ballast_mb=0, reserve_mb=1)
HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for sql in sys.argv[2:]:
    db.execute(sql).fetchone()
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.asynccontextmanager
async def opened(path: Path, settings: OutboxSettings = SMALL, clock: FastClock | None = None) -> AsyncIterator[Outbox]:
    async with open_outbox(path, school=SCHOOL, clock=clock or FastClock(), settings=settings) as outbox:
        yield outbox


def tap(number: int = 0, reader: str = "canteen-1") -> Draft:
    return draft(CardSeen(reader=reader, form="em4100", card=f"{number:032x}"), AT)


def taps(count: int) -> list[Draft]:
    return [tap(number) for number in range(count)]


def fire(zone: int = 1) -> Draft:
    data = ZoneChanged(sensor="panel", zone=zone, place="gym", state="fire", before="", codes=[37], words="fire")
    return draft(data, AT, source=f"panel/{zone}")


def health(size: int = 0) -> Draft:
    """Telemetry of about `size` bytes more than the least."""
    data = Health(
        uptime_s=1, lanes={}, disk_free_bytes=1, wal_bytes=1, commit_p99_ms=1.0, sources={"canteen-1": "x" * size}
    )
    return draft(data, AT)


def card_of(event: dict[str, Any]) -> int:
    return int(event["data"]["card"], 16)


async def events(outbox: Outbox, lane: Lane, epoch: str = "", *, after: int = 0) -> list[dict[str, Any]]:
    """What the drain would send of a lane, from the beginning."""
    epoch = epoch or outbox.epoch
    found: list[dict[str, Any]] = []
    while batch := await outbox.read(epoch, lane, after, max_bytes=200_000, max_events=2000):
        found += msgspec.json.decode(batch.body)
        after = batch.last
    return found


async def records(outbox: Outbox, type: str, epoch: str = "") -> list[dict[str, Any]]:
    """The data of all records of a type, e.g. "loss"."""
    found = await events(outbox, Lane.RECORD, epoch)
    return [event["data"] for event in found if event["type"] == f"kz.mektep.{type}.v1"]


def rows(path: Path, sql: str, *args: object) -> list[tuple[Any, ...]]:
    """A look from outside, as a technician would."""
    connection = db.connect_reader(path)
    try:
        return connection.execute(sql, args).fetchall()
    finally:
        connection.close()


@contextlib.contextmanager
def holding(path: Path, *sql: str) -> Iterator[int]:
    """Another process has the database open and has run these statements; gives its pid. Ended at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *sql], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        try:
            assert other.stdout.readline() == b"held\n"
            yield other.pid
        finally:
            other.kill()


@contextlib.contextmanager
def write_locked(path: Path) -> Iterator[None]:
    """A foreign connection of this process holds the write lock."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("begin immediate")
    try:
        yield
    finally:
        connection.close()


async def until(fact: Callable[[], object], patience_s: float = 20.0) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + patience_s
    while not fact():
        assert time.monotonic() < deadline_s, "it did not come to be"
        await asyncio.sleep(0.005)
