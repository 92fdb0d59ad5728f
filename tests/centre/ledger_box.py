"""A real box's ledger for tests of the centre: its outbox, its keeper, batches signed by its key; no broker."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from agent.book import EMPTY
from agent.model import Draft, Lane, Moment
from agent.outbox.outbox import Outbox, open_outbox
from agent.outbox.settings import OutboxSettings
from agent.school.ledger_keeper import LedgerKeeper
from centre.database import SqliteDatabase
from centre.judge import Judged, judge
from centre.store import Store
from tests.agent.school.decisions import forgotten, granted, reversed_, suspicion, visit
from tests.centre.far_box import FarBox, public
from tests.clock import START_NS, FastClock

SCHOOL = "school-07"
HOUR_S = 3_600
SMALL = OutboxSettings(ballast_mb=0, reserve_mb=1)


class LedgerBox:
    """One school's box. Its clock moves only when a test moves it."""

    def __init__(self, folder: Path, outbox: Outbox, clock: FastClock, far: FarBox) -> None:
        self.outbox, self.clock, self.far = outbox, clock, far
        self.keeper = LedgerKeeper(
            outbox, SCHOOL, _Signer(far), clock,
            database=folder / "outbox.db", book=lambda: EMPTY, versions=dict,
        )  # fmt: skip
        self._sent: dict[tuple[str, Lane], int] = {}

    async def accept(self, *drafts: Draft) -> None:
        """Decisions of this moment."""
        at = self.clock.now()
        await self.outbox.accept([_at(one, at) for one in drafts])

    async def pass_hours(self, hours: float) -> None:
        """Time goes by, and the keeper looks."""
        self.clock.advance(hours * HOUR_S)
        await self.keeper.look()

    async def evening(self) -> None:
        """Until the day's statement is made: 20:00 of the school's time."""
        seconds = (self.clock.now_ns - START_NS) // 1_000_000_000 % (24 * HOUR_S)
        await self.pass_hours(7 - seconds / HOUR_S if seconds < 7 * HOUR_S else 31 - seconds / HOUR_S)

    async def batches(self, size: int = 100) -> list[Judged]:
        """What the centre has not got yet, signed and checked as a receiver does it."""
        found = []
        for epoch in dict.fromkeys([*self.outbox.owes(), self.outbox.epoch]):
            for lane in Lane:
                after = self._sent.get((epoch, lane), 0)
                while batch := await self.outbox.read(epoch, lane, after, max_bytes=1_000_000, max_events=size):
                    message = self.far.batch_of(lane.word, batch.first, batch.last, batch.body, epoch)
                    found.append(
                        judge(
                            SCHOOL, lane.word, message.topic, message.payload, message.properties, public(self.far.key)
                        )
                    )
                    after = batch.last
                self._sent[epoch, lane] = after
        return found

    async def deliver(self, store: Store, size: int = 100) -> None:
        for batch in await self.batches(size):
            store.store([batch])


class _Signer:
    """The box's own key, as the ledger wants it."""

    def __init__(self, far: FarBox) -> None:
        self._key = far.key
        self.public = public(far.key)

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)


def _at(draft: Draft, at: Moment) -> Draft:
    return Draft(type=draft.type, lane=draft.lane, severity=draft.severity, at=at, data=draft.data)


@contextlib.asynccontextmanager
async def ledger_box(folder: Path, far: FarBox | None = None) -> AsyncIterator[LedgerBox]:
    clock = FastClock()
    folder.mkdir(exist_ok=True)
    async with open_outbox(folder / "outbox.db", school=SCHOOL, clock=clock, settings=SMALL) as outbox:
        box = LedgerBox(folder, outbox, clock, far or FarBox(SCHOOL))
        await box.keeper.look()
        yield box


Days = Callable[[LedgerBox], Coroutine[Any, Any, None]]


async def one_day(box: LedgerBox) -> None:
    """Ten meals and a checkpoint; later a reversal, a forgotten card, a visit, suspicions; the evening."""
    await box.accept(*(granted(n) for n in range(10)))
    await box.pass_hours(2)
    await box.accept(reversed_(3), forgotten(20), visit(4), suspicion(), suspicion())
    await box.evening()


def delivered(folder: Path, store: Store, days: Days = one_day, far: FarBox | None = None) -> FarBox:
    """A box lives through some days, and the centre gets it all. Returns the box's key."""
    far = far or FarBox(SCHOOL)
    store.add_school(SCHOOL, public(far.key))

    async def live() -> None:
        async with ledger_box(folder, far) as box:
            await days(box)
            await box.deliver(store)

    asyncio.run(live())
    return far


def kept(folder: Path, days: Days = one_day) -> Path:
    """The database of a centre that got it all, closed: to be copied."""
    store = Store(SqliteDatabase(folder / "centre.db"))
    delivered(folder / "box", store, days)
    store.database.execute("pragma wal_checkpoint(truncate)")
    store.database.close()
    return folder / "centre.db"


@contextlib.contextmanager
def copy_of(kept: Path, folder: Path) -> Iterator[SqliteDatabase]:
    """Another, to change."""
    shutil.copy(kept, folder / "centre.db")
    opened = SqliteDatabase(folder / "centre.db")
    yield opened
    opened.close()


def lived(folder: Path, far: FarBox, days: Days = one_day, size: int = 100) -> Sequence[Judged]:
    """The same, undelivered: its batches."""

    async def live() -> Sequence[Judged]:
        async with ledger_box(folder, far) as box:
            await days(box)
            return await box.batches(size)

    return asyncio.run(live())
