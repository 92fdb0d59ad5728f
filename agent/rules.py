"""What becomes of a reading: a tap goes through the tap path to its light, everything else through the alarm path.

The rules themselves are pure and live in agent/school.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from agent.alarm_path import AlarmPath
from agent.book import Book
from agent.clock import Clock
from agent.config import EYES
from agent.events import SourceState as SourceStateEvent
from agent.events import draft
from agent.evidence.picture import Ids, Shows
from agent.eyes import Board
from agent.model import Draft, Moment, Severity
from agent.pipelines.watch import Watch
from agent.school import contacts, desk, noticed, periods, pictures, zones
from agent.school.cards import card_hash
from agent.school.tapped import Tapped
from agent.school.told import Told
from agent.signals import Signals
from agent.sources import Station
from agent.tap_path import TapPath
from drivers.driver import Source
from drivers.readings import ContactChange, Noticed, PictureChange, Pressed, Reading, Tap, Watched, ZoneChange

Keep = Callable[[Shows, str, Severity], Awaitable[Ids]]  # picture, camera, how severe -> ids of the evidence
Record = Callable[[Sequence[Draft]], Awaitable[object]]


class Rules:
    """Given to every source's supervisor; `told` is what was told of each zone, contact and picture."""

    def __init__(
        self,
        alarms: AlarmPath,
        taps: TapPath,
        card_key: bytes,
        clock: Clock,
        *,
        signals: Signals,
        keep: Keep,
        book: Callable[[], Book],
        board: Board,
        record: Record,
    ) -> None:
        self._alarms = alarms
        self._taps = taps
        self._card_key = card_key
        self._clock = clock
        self._signals = signals
        self._keep = keep
        self._book = book
        self._board = board
        self._record = record
        self.told = Told()

    @contextmanager
    def while_open(self, station: Station, source: Source[Reading]) -> Iterator[None]:
        """A lamp shows the lights of its readers while it is open; the eyes learn whose time it is."""
        self._rest(station, source)
        lamp = station.config.kind == "signal"
        if lamp:
            self._signals.opened(station.config.name, source)
        try:
            yield
        finally:
            if lamp:
                self._signals.closed(station.config.name)

    async def on_reading(self, station: Station, source: Source[Reading], reading: Reading) -> None:
        synced = self._clock.synced()
        if isinstance(reading, Tap):
            book = self._book()  # once: another may take its place, also with another card key
            tap = self._tapped(station, reading, book, synced=synced)
            decide, otherwise = partial(desk.decide, book=book, tap=tap), partial(desk.record, book=book, tap=tap)
            light = await self._taps.take(tap.purpose.value, decide, otherwise)
            await self._signals.show(station.config, source, light)
        elif isinstance(reading, Watched):
            await self._watched(reading)
            self._rest(station, source)
        elif (event := await self._news(reading, station, synced=synced)) is not None:
            await self._alarms.raise_alarm(event)

    def _tapped(self, station: Station, tap: Tap, book: Book, *, synced: bool) -> Tapped:
        """Without the card's number: from here on its keyed hash stands for it."""
        config = station.config
        return Tapped(
            reader=config.name,
            purpose=config.purpose,
            clubs=config.clubs,
            way=config.way,
            form=tap.form.value,
            card=card_hash(book.card_key or self._card_key, tap.form, tap.card),
            at=Moment(tap.at_ns, tap.monotonic_ns, synced),
            boot=self._clock.boot_id,
        )

    def _rest(self, station: Station, source: Source[Reading]) -> None:
        """The eyes are told whose time it is when they open, and with each of their reports."""
        rest = getattr(source, "rest", None) if station.config.kind == EYES else None
        if rest is not None:
            rest(self._board.resting(self._clock.now(), self._book().calendar))

    async def _watched(self, reading: Watched) -> None:
        alarms, counts = self._board.took(reading)
        for event in alarms:
            await self._alarms.raise_alarm(event)
        if counts:
            await self._record(counts)

    async def _noticed(self, notice: Noticed, *, synced: bool) -> Draft | None:
        """None outside its camera's schedule."""
        watch = self._board.watches.get(notice.camera, Watch())
        words = next((when for name, when in watch.schedule.items() if name.value == notice.detector), [])
        if not periods.tells(words, Moment(notice.at_ns, notice.monotonic_ns, synced), self._book().calendar):
            return None
        self._board.noticed(notice)
        evidence = await self._keep(notice, notice.camera, noticed.severity(notice))
        return noticed.suspected(notice, evidence, synced=synced)

    async def _news(
        self, reading: ZoneChange | ContactChange | Pressed | PictureChange | Noticed, station: Station, *, synced: bool
    ) -> Draft | None:
        """The alarm that a reading is; None if it was told already."""
        name = station.config.name
        match reading:
            case ZoneChange():
                zone = self.told.news(reading, name, reading.zone)
                return zones.changed(zone, name, station.config.places, synced=synced) if zone else None
            case ContactChange():
                contact = self.told.news(reading, name, reading.contact)
                return contacts.changed(contact, name, synced=synced) if contact else None
            case PictureChange():
                picture = self.told.news(reading, name)
                if picture is None:
                    return None
                kept = pictures.is_worth_keeping(picture)
                evidence = await self._keep(picture, name, pictures.SEVERITY[picture.state]) if kept else Ids()
                return pictures.changed(picture, name, evidence, synced=synced)
            case Noticed():
                return await self._noticed(reading, synced=synced)
            case Pressed():
                return contacts.pressed(reading, name, synced=synced)

    async def on_change(self, station: Station) -> None:
        """A device stopped working, or works again. A device that works from the start is no news."""
        trouble = station.trouble
        if trouble is None and not station.reported_failed:
            return
        station.reported_failed = trouble is not None
        kind = "failed" if trouble else "restored"
        name = station.config.name
        data = SourceStateEvent(
            source=name,
            code=trouble.code if trouble else "",
            what=trouble.what if trouble else "works again",
            do=trouble.do if trouble else "",
        )
        await self._alarms.raise_alarm(
            draft(data, self._clock.now(), type=f"kz.mektep.source.{kind}.v1", source=f"{name}/state")
        )
