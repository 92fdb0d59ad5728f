"""A box with its real database: cards are shown, days pass, the machine starts anew, its clock is lost and found."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent.book import Book
from agent.model import Lane
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.school import desk
from agent.school.bells import TICKS
from agent.school.purpose import Purpose, Way
from agent.school.tapped import Tapped
from drivers.readings import Light
from tests.agent.outbox.box import events, opened
from tests.agent.school.doorway import utc_ns
from tests.clock import FastClock

T = TypeVar("T")
LIE_NS = 20 * 86_400 * 1_000_000_000  # by so much a clock that is not trusted is wrong


class RealBox:
    """Steps are synchronous; close() at the end."""

    def __init__(self, datasets: Mapping[str, msgspec.Struct], now: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._seen = 0
        self._boots = 0
        self.clock = FastClock(utc_ns(now))
        self.true_ns = self.clock.now_ns
        self.book = Book(datasets)
        self._open()

    def close(self) -> None:
        self._shut()
        self._runner.close()
        self._folder.cleanup()

    # --- time --------------------------------------------------------------------------------------------------------

    def wait(self, minutes: float) -> None:
        self.true_ns += round(minutes * 60e9)
        self.clock.advance(minutes * 60)

    def lose_clock(self) -> None:
        """It is weeks behind, and says so."""
        self.clock.is_synced, self.clock.now_ns = False, self.true_ns - LIE_NS

    def find_clock(self) -> None:
        self.clock.is_synced, self.clock.now_ns = True, self.true_ns

    def restart(self, *, away_min: float, synced: bool) -> None:
        """The power was gone for so long."""
        self._shut()
        self.wait(away_min)
        self._boots += 1
        self.clock.boot_id, self.clock.up_ns = f"{self._boots:08x}-2222-3333-4444-555555555555", 20_000_000_000
        self.find_clock() if synced else self.lose_clock()
        self._open()

    # --- what is done ------------------------------------------------------------------------------------------------

    def tap(
        self, card: str, reader: str, purpose: Purpose, *, clubs: tuple[str, ...] = (), way: Way = Way.BOTH
    ) -> Light:
        at, boot = self.clock.now(), self.clock.boot_id
        tap = Tapped(reader=reader, purpose=purpose, form="em4100", card=card, at=at, boot=boot, clubs=clubs, way=way)
        return self.transact(partial(desk.decide, book=self.book, tap=tap))

    def tick(self) -> None:
        for tick in TICKS.values():
            self.transact(partial(_tick, tick=tick, box=self))

    def transact(self, work: Callable[[Transaction], T]) -> T:
        return self._runner.run(self._outbox.transact(work))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.transact(lambda transaction: transaction.execute(sql).fetchall())

    def news(self) -> list[dict[str, Any]]:
        """The records since the last time, each with its type's short name."""
        found = self._runner.run(events(self._outbox, Lane.RECORD, after=self._seen))
        self._seen += len(found)
        return [one["data"] | {"type": one["type"][len("kz.mektep.") : -len(".v1")]} for one in found]

    def _open(self) -> None:
        self._entered = opened(Path(self._folder.name) / "outbox.db", clock=self.clock)
        self._outbox: Outbox = self._runner.run(self._entered.__aenter__())

    def _shut(self) -> None:
        self._runner.run(self._entered.__aexit__(None, None, None))


def _tick(transaction: Transaction, *, tick: Callable[..., None], box: RealBox) -> None:
    tick(transaction, box.book, box.clock.now(), box.clock.boot_id)
