"""A box's link for tests: a real outbox in a folder, a link that is in a hurry, and ways to wait for what it does."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from agent.events import CardSeen, Health, ZoneChanged, draft
from agent.incidents.incidents import Incidents
from agent.incidents.orders import incident_orders
from agent.model import Draft, Lane, Moment
from agent.outbox.outbox import Outbox, open_outbox
from agent.outbox.settings import OutboxSettings
from agent.reference import Reference
from agent.sync import centre_link, flow
from agent.sync.centre_link import CentreLink
from agent.sync.identity import Identity, load_identity
from agent.sync.orders import Handler
from agent.sync.settings import LinkSettings
from tests.agent.evidence.pictures import evidence_of
from tests.clock import FastClock

SMALL = OutboxSettings(ballast_mb=0, reserve_mb=1)


class HurriedClock(FastClock):
    """The real time; but whoever sleeps is woken after an instant, so that back-off costs nothing."""

    def utc_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def proven_ns(self) -> int:
        return self.utc_ns() if self.is_synced else self.proven

    def now(self) -> Moment:
        return Moment(self.utc_ns(), self.monotonic_ns(), self.is_synced)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))


class Told(msgspec.Struct):
    """What the order `status` tells in tests."""

    mood: str = "fine"


class Box:
    """One school's box: its outbox and its link. start() and stop() the link as often as wanted."""

    def __init__(
        self,
        settings: LinkSettings,
        school: str,
        outbox: Outbox,
        identity: Identity,
        folder: Path,
        recipients: Sequence[str] | None = None,
        quota_mb: int = 100,
        orders: Mapping[str, Handler] | None = None,
    ) -> None:
        """recipients: of pictures; None: those of the reference data. orders: beside the link's own and incidents'."""
        self.clock = HurriedClock()
        self.outbox = outbox
        self.reference = Reference(folder / "reference", self.clock)
        given = self.reference.recipients if recipients is None else lambda: recipients
        self.evidence = evidence_of(outbox, folder, self.clock, given, quota_mb=quota_mb)
        self.granted: list[str] = []  # meals that a welcome told of
        self.forged: list[str] = []  # orders that are not the centre's, or come again
        self.incidents = Incidents(outbox.transact, lambda: self.reference.book, self.clock)
        self.link = CentreLink(
            settings,
            school=school,
            outbox=outbox,
            identity=identity,
            evidence=self.evidence,
            reference=self.reference,
            clock=self.clock,
            rng=random.Random(7),
            status=Told,
            told_grants=self.granted.extend,
            orders=incident_orders(self.incidents) | dict(orders or {}),
            told_forged=self._forged,
        )
        self._task: asyncio.Task[None] | None = None

    def _forged(self, reason: str) -> None:
        self.forged.append(reason)
        self.incidents.forged(reason)

    def start(self) -> None:
        self._task = asyncio.create_task(self.link.run())

    async def stop(self) -> None:
        """As the daemon ends it. Raises what ended it before."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def state(self) -> str:
        return self.link.snapshot().state

    def count(self, counter: str) -> int:
        return self.link.snapshot().counters[counter]

    def refused(self, reason: str) -> int:
        return self.link.snapshot().refused.get(reason, 0)

    def settled(self, lane: Lane, epoch: str = "") -> int:
        return self.outbox.settled(epoch or self.outbox.epoch, lane)

    def owes_nothing(self) -> bool:
        return not self.outbox.owes()


@contextlib.asynccontextmanager
async def open_box(
    folder: Path,
    settings: LinkSettings,
    school: str,
    *,
    recipients: Sequence[str] | None = None,
    quota_mb: int = 100,
    orders: Mapping[str, Handler] | None = None,
) -> AsyncIterator[Box]:
    """A box that is not started yet; stopped at the end."""
    identity = load_identity(folder)
    async with open_outbox(folder / "outbox.db", school=school, clock=HurriedClock(), settings=SMALL) as outbox:
        box = Box(settings, school, outbox, identity, folder, recipients, quota_mb, orders)
        await box.evidence.begin()
        try:
            yield box
        finally:
            await box.stop()


async def until(fact: Callable[[], object], patience_s: float = 15.0) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + patience_s
    while not fact():
        assert time.monotonic() < deadline_s, "it did not come to be"
        await asyncio.sleep(0.01)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timeouts of seconds become tenths, so that a test waits for facts only."""
    monkeypatch.setattr(flow, "TIMEOUT_MIN_S", 0.15)
    monkeypatch.setattr(centre_link, "BIRTH_AGAIN_S", 0.1)
    monkeypatch.setattr(centre_link, "WELCOME_WITHIN_S", 0.3)


def fire(zone: int = 1) -> Draft:
    data = ZoneChanged(sensor="panel", zone=zone, place="gym", state="fire", before="", codes=[37], words="fire")
    return draft(data, Moment(time.time_ns(), time.monotonic_ns(), True), source=f"panel/{zone}")


def taps(count: int) -> list[Draft]:
    at = Moment(time.time_ns(), time.monotonic_ns(), True)
    return [draft(CardSeen(reader="canteen-1", form="em4100", card=f"{n:032x}"), at) for n in range(count)]


def health(count: int) -> list[Draft]:
    at = Moment(time.time_ns(), time.monotonic_ns(), True)
    data = Health(uptime_s=1, lanes={}, disk_free_bytes=1, wal_bytes=1, commit_p99_ms=1.0, sources={})
    return [draft(data, at) for _ in range(count)]
