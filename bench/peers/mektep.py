"""Ours as a contestant: the box's outbox and link against a whole city; arrived is what the centre has committed.

A stricter end than the peers': behind the broker a receiver checks, stores and commits each event, and another process
sees it there. Over TLS with client certificates, and the centre's own configuration of the broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import sys
from pathlib import Path

from bench.peers.arrivals import Arrivals
from bench.peers.contestant import Contestant
from bench.peers.feed import Feed
from bench.peers.result import OURS
from simulator.processes import Process
from simulator.school import School

LOOK_S = 0.002
STORED = "select coalesce(sum(events), 0) from stream where lane = 'record'"
CARD_SEEN = "kz.mektep.card.seen.v1"


def contestant(folder: Path) -> Contestant:
    school = School(folder, direct=True, keep_days=0)
    orders = folder / "orders"
    command = [sys.executable, "-m", "bench.peers.our_box", str(school.box / "agent.toml"), str(orders)]
    return Contestant(OURS, Feed(orders), Centre(school), Process("box", command, folder))


class Centre:
    """The far end of ours: bench/peers/contestant.py."""

    def __init__(self, school: School) -> None:
        self.arrivals = Arrivals()
        self._school = school
        self._watching: asyncio.Task[None] | None = None

    async def network(self, *, on: bool) -> None:
        if self._watching is None:
            await self._school.make()
            self._watching = asyncio.create_task(self._watch())
            await self._school.city.start()
        elif on:
            await self._school.city.start_broker()
        if not on:
            await self._school.city.broker.stop()

    async def arrived(self) -> set[int]:
        """The taps of which the centre's database has the card."""
        events = [json.loads(text) for text in await self._school.centre_events()]
        return {int(event["data"]["card"], 16) for event in events if event["type"] == CARD_SEEN}

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            await self._school.city.stop()

    async def _watch(self) -> None:
        """The first record of an epoch tells of the epoch: it is not counted."""
        centre = f"file:{self._school.city.folder}/centre.db?mode=ro"
        with contextlib.closing(sqlite3.connect(centre, uri=True)) as db:
            while True:
                (events,) = db.execute(STORED).fetchone()
                self.arrivals.count_to(max(0, events - 1))
                await asyncio.sleep(LOOK_S)
