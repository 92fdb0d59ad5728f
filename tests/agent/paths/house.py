"""Rules on a house whose database, lights and camera are the test's: what they record is at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from agent.book import EMPTY, Book
from agent.config import SourceConfig
from agent.datasets import Bell, Calendar, Shift
from agent.evidence.picture import Ids, Shows
from agent.incidents.kinds import Means
from agent.model import Draft, Place, Severity
from agent.paths.alarm import AlarmPath
from agent.paths.rules import Rules
from agent.paths.signals import Signals
from agent.paths.tap import Decide, TapPath
from agent.pipelines.watch import Detects, Watch
from agent.school.defects import Defects
from agent.sources import Station, Trouble
from agent.watching.eyes import Board
from drivers.readings import Light, Reading
from tests.agent.paths.device import Device, Settings
from tests.clock import FastClock

KEY = bytes(range(32))
BELLS = [Bell(lesson=1, starts="08:00", ends="08:45"), Bell(lesson=2, starts="14:00", ends="14:45")]
CALENDAR = Calendar(
    utc_offset_min=0, first="2026-09-01", last="2027-05-25", weekdays=[1], shifts=[Shift(shift=1, bells=BELLS)]
)


class Gathering:
    """The part of a transaction that recording a card needs."""

    def __init__(self, recorded: list[Draft]) -> None:
        self.put = recorded.append


class House:
    """Rules, and all that they had recorded."""

    def __init__(self, *, broken: bool = False, books: Callable[[], Book] | None = None) -> None:
        self.clock = FastClock()
        self.recorded: list[Draft] = []
        self.turns = asyncio.Event()  # of the disk, as far as what nobody waits for is concerned
        self.turns.set()
        self.broken = broken
        self.signals = Signals(self.clock)
        self.book = EMPTY
        self.alarms = AlarmPath(self._accept, self._send_ahead, self.clock)
        watch = Watch(sees=[Detects.FIGHT], schedule={Detects.FIGHT: ["breaks"]})
        self.board = Board(self.clock, watches={"gate": watch})
        self.rules = Rules(
            self.alarms,
            TapPath(self._transact, Defects(self.clock)),
            KEY,
            self.clock,
            signals=self.signals,
            keep=self._keep,
            book=books or (lambda: self.book),
            board=self.board,
            record=self._record,
        )
        self.device = Device()
        self.kept: list[tuple[Shows, str]] = []

    async def _accept(self, drafts: Sequence[Draft]) -> list[Place]:
        if self.broken:
            raise OSError("no disk")
        self.recorded += drafts
        return [Place("e", one.lane, len(self.recorded)) for one in drafts]

    async def _record(self, drafts: Sequence[Draft]) -> list[Place]:
        await self.turns.wait()
        return await self._accept(drafts)

    async def _transact(self, decide: Decide) -> Light:
        """The decision on a transaction that only gathers what is put."""
        if self.broken:
            raise OSError("no disk")
        return decide(Gathering(self.recorded))  # type: ignore[arg-type]

    async def _keep(self, picture: Shows, camera: str, severity: Severity) -> Ids:
        self.kept.append((picture, camera))
        return Ids(snapshot=f"evidence-{len(self.kept)}", blurred=f"blurred-{len(self.kept)}")

    async def _send_ahead(self, _alarm: Draft) -> bool:
        return False

    def station(
        self,
        kind: str = "reader",
        name: str = "canteen-1",
        places: dict[int, str] | None = None,
        means: Means | None = None,
        place: str = "",
    ) -> Station:
        config = SourceConfig(
            name=name, kind=kind, driver="d", settings=Settings(), places=places or {}, means=means, place=place
        )
        return Station(config, self.clock)

    async def reads(self, station: Station, reading: Reading) -> list[Draft]:
        """What a reading adds to the record."""
        before = len(self.recorded)
        await self.rules.on_reading(station, self.device, reading)
        await self.alarms.drained()
        return self.recorded[before:]

    async def changes(self, station: Station, trouble: Trouble | None) -> list[Draft]:
        before = len(self.recorded)
        station.trouble = trouble
        await self.rules.on_change(station)
        await self.alarms.drained()
        return self.recorded[before:]
