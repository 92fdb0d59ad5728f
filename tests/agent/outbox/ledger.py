"""A database with a known content, as the files of a closed or a killed agent; and what is found in it afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from agent.model import Lane
from agent.outbox.envelope import split
from agent.outbox.outbox import Outbox
from tests.agent.outbox.box import events, fire, health, opened, records, rows, tap, taps
from tests.clock import START_NS, FastClock

Key = tuple[str, int, int]
PAGE = 4096
HOUR_NS = 3_600_000_000_000


class Ledger(msgspec.Struct, frozen=True):
    """What was accepted, and the files that hold it."""

    epochs: list[str]
    events: dict[Key, bytes]  # by epoch, lane, sequence: the bytes as accepted
    closed: dict[str, bytes]  # the files of an agent that was stopped: all is in the database
    killed: dict[str, bytes]  # the files of one that was killed: much is in the log only

    def __repr__(self) -> str:
        return f"Ledger of {len(self.events)} events"

    def lay(self, folder: Path, files: dict[str, bytes]) -> Path:
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder / "outbox.db"


class Found(msgspec.Struct, frozen=True):
    """What an agent finds that starts on some files."""

    epoch: str
    tap: Key  # what it accepted itself
    events: dict[Key, bytes]
    opened: list[dict[str, Any]]
    salvaged: list[dict[str, Any]]
    losses: list[dict[str, Any]]
    fact: bytes | None

    def old(self, ledger: Ledger) -> dict[Key, bytes]:
        """Without what the start itself has recorded."""
        return {key: event for key, event in self.events.items() if key[0] in ledger.epochs and key != self.tap}


def make(folder: Path) -> Ledger:
    """Two epochs, all lanes, runs of one event and of many, small ones and ones of several pages."""
    path = folder / "outbox.db"
    killed: dict[str, bytes] = {}

    async def live() -> list[str]:
        clock = FastClock()
        async with opened(path, clock=clock) as outbox:
            old = outbox.epoch
            await _fill(outbox)
            outbox.settle(old, Lane.RECORD, 1, 4)
            clock.advance(60)
            await outbox.open_epoch("rewind")
            await outbox.remember("order", b"18")
        async with opened(path, clock=clock) as outbox:
            await _fill(outbox)
            killed.update({name: (folder / name).read_bytes() for name in ("outbox.db", "outbox.db-wal")})
            return [old, outbox.epoch]

    epochs = asyncio.run(live())
    return Ledger(epochs, stored(path), {"outbox.db": path.read_bytes()}, killed)


async def _fill(outbox: Outbox) -> None:
    for number in range(12):
        await outbox.accept([tap(number)])
        await outbox.accept([fire(number + 1), health(number * 700)])
    await outbox.accept(taps(130))
    await outbox.accept([health(30_000), fire(40)])


def stored(path: Path) -> dict[Key, bytes]:
    """Every event that the table has, byte for byte."""
    sql = "select e.uuid, lane, first, body from message m join epoch e on e.id = m.epoch"
    return {
        (epoch, lane, first + offset): event
        for epoch, lane, first, body in rows(path, sql)
        for offset, event in enumerate(split(body))
    }


def start(path: Path, hour: int = 9) -> Found:
    """An agent starts on these files at that hour, accepts a tap and stops."""

    async def live() -> Found:
        async with opened(path, clock=FastClock(START_NS + hour * HOUR_NS)) as outbox:
            (place,) = await outbox.accept([tap(9)])
            assert place.epoch == outbox.epoch
            assert len(await events(outbox, Lane.RECORD)) > 0
            return Found(
                outbox.epoch,
                (place.epoch, int(place.lane), place.sequence),
                stored(path),
                await records(outbox, "epoch.opened"),
                await records(outbox, "salvaged"),
                await records(outbox, "loss"),
                await outbox.recall("order"),
            )

    return asyncio.run(live())
