"""A box's inner parts for tests of what looks at them: a real outbox, a link, stations, a clock that the test moves."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from agent.cells.cells import Cells
from agent.config import Config, SourceConfig, StatePlaces
from agent.incidents.view import View
from agent.ops.housekeeping import Housekeeping
from agent.ops.picture import Pictures
from agent.ops.systemd import Notifier
from agent.outbox.outbox import Outbox, open_outbox
from agent.paths.alarm import AlarmPath
from agent.reference import Reference
from agent.school.told import Told
from agent.sources import Station
from agent.sync.centre_link import CentreLink
from agent.sync.identity import load_identity
from agent.sync.settings import LinkSettings
from tests.agent.evidence.pictures import evidence_of
from tests.agent.sync.box import SMALL
from tests.clock import FastClock

ORDERS_KEY = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="


class Settings(msgspec.Struct, frozen=True):
    port: str = ""


class SteppedClock(FastClock):
    """Who sleeps waits until the test lets the time pass."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.up_ns + round(seconds * 1e9), woken))
        await woken

    async def pass_(self, seconds: float, *, set_by_s: float = 0.0) -> None:
        """Let the time pass and wake who is due; set_by_s: somebody sets the wall clock meanwhile."""
        await self._settle()
        self.advance(seconds)
        self.now_ns += round(set_by_s * 1e9)
        due = [one for one in self._sleepers if one[0] <= self.up_ns]
        self._sleepers = [one for one in self._sleepers if one[0] > self.up_ns]
        for _, woken in due:
            if not woken.done():
                woken.set_result(None)
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


class Listening(Notifier):
    """Remembers what systemd would hear."""

    def __init__(self) -> None:
        super().__init__("")
        self.heard: list[str] = []

    def alive(self, status: str) -> None:
        self.heard.append(status)


class House:
    """Everything that a picture shows, with housekeeping for it."""

    def __init__(self, folder: Path, outbox: Outbox, clock: SteppedClock) -> None:
        self.outbox, self.clock = outbox, clock
        settings = LinkSettings(broker="mqtt://127.0.0.1:1", orders_key=ORDERS_KEY)
        self.reference = Reference(folder / "reference", clock)
        self.evidence = evidence_of(outbox, folder, clock, self.reference.recipients, cameras=0)
        self.link = CentreLink(
            settings,
            school="school-07",
            outbox=outbox,
            identity=load_identity(folder),
            evidence=self.evidence,
            reference=self.reference,
            clock=clock,
            rng=random.Random(1),
            status=lambda: self.pictures.take(),
        )
        self.alarms = AlarmPath(outbox.accept, self.link.send_ahead, clock)
        self.stations = [self._station("canteen-1", "reader"), self._station("panel", "sensor")]
        config = Config(
            file="box.toml",
            school="school-07",
            state=StatePlaces(directory=str(folder), runtime=str(folder)),
            centre=settings,
            outbox=SMALL,
            sources=tuple(station.config for station in self.stations),
        )
        self.told = Told()
        self.incidents: list[View] = []
        cells = Cells(config.sources, clock, {})
        self.pictures = Pictures(
            config,
            clock,
            outbox,
            self.link,
            self.alarms,
            self.stations,
            self.told,
            cells,
            self.evidence,
            self.reference,
            incidents=lambda: self.incidents,
        )
        self.systemd = Listening()
        self.thermal = folder / "temp"
        self.keeping = Housekeeping(clock, outbox, self.alarms, self.pictures, self.systemd, self.thermal)

    def _station(self, name: str, kind: str) -> Station:
        config = SourceConfig(name=name, kind=kind, driver="some", settings=Settings(), places={})
        return Station(config, self.clock)


@contextlib.asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    clock = SteppedClock()
    async with open_outbox(folder / "outbox.db", school="school-07", clock=clock, settings=SMALL) as outbox:
        yield House(folder, outbox, clock)


@contextlib.asynccontextmanager
async def going(work: Callable[[], object]) -> AsyncIterator[asyncio.Task[None]]:
    """An endless task, ended with the block."""
    task: asyncio.Task[None] = asyncio.ensure_future(work())  # type: ignore[arg-type]
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
