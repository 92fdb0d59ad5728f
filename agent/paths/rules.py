"""What becomes of a reading: a tap goes through the tap path to its light, everything else through the alarm path.

The rules themselves are pure and live in agent/school.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType

from agent.book import Book
from agent.clock import Clock
from agent.config import EYES, SourceConfig
from agent.events import SourceState as SourceStateEvent
from agent.events import draft
from agent.evidence.picture import Ids, Shows
from agent.incidents.incidents import Incidents
from agent.incidents.kinds import Means
from agent.incidents.signs import Spot, Telling, place_of, sign_of
from agent.model import Draft, Moment, Severity
from agent.paths.alarm import AlarmPath
from agent.paths.signals import Signals
from agent.paths.tap import TapPath
from agent.pipelines.watch import UNLESS_KNOWN, Watch
from agent.school import contacts, desk, noticed, periods, pictures, zones
from agent.school.cards import card_hash
from agent.school.tapped import Tapped
from agent.school.told import Told
from agent.sources import Station
from agent.watching.eyes import Board
from drivers.driver import Source
from drivers.readings import ContactChange, Light, Noticed, PictureChange, Pressed, Reading, Tap, Watched, ZoneChange

log = logging.getLogger("agent.rules")

Keep = Callable[[Shows, str, Severity], Awaitable[Ids]]  # picture, camera, how severe -> ids of the evidence
Record = Callable[[Sequence[Draft]], Awaitable[object]]
News = tuple[Draft, Telling, Ids]  # the alarm, what it tells, the picture of it


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
        incidents: Incidents | None = None,
        spots: Mapping[str, Spot] = MappingProxyType({}),
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
        self._incidents = incidents
        self._spots = spots
        self._recording: asyncio.Future[object] | None = None  # counts that wait for the disk
        self.told = Told()

    @contextmanager
    def while_open(self, station: Station, source: Source[Reading]) -> Iterator[None]:
        """Lamps and readers can be shown lights while they are open; the eyes learn whose time it is."""
        self._rest(station, source)
        lit = station.config.kind in ("signal", "reader")
        if lit:
            self._signals.opened(station.config.name, source)
        try:
            yield
        finally:
            if lit:
                self._signals.closed(station.config.name)

    async def on_reading(self, station: Station, source: Source[Reading], reading: Reading) -> None:
        synced = self._clock.synced()
        if isinstance(reading, Tap):
            book = self._book()  # once: another may take its place, also with another card key
            tap = self._tapped(station, reading, book, synced=synced)
            with self._signals.deciding(station.config.name):
                await self._signals.show(station.config, source, await self._light(station, book, tap))
        elif isinstance(reading, Watched):
            await self._watched(reading)
            self._rest(station, source)
        elif (news := await self._news(reading, station, synced=synced)) is not None:
            await self._raise(news, station.config, synced=synced)

    async def _light(self, station: Station, book: Book, tap: Tapped) -> Light:
        """What the tap's decision shows. While an incident waits for an answer, the tap may be that."""
        decide, otherwise = partial(desk.decide, book=book, tap=tap), partial(desk.record, book=book, tap=tap)
        if self._incidents is None or not self._incidents.concern(tap):
            return await self._taps.take(tap.purpose.value, decide, otherwise)
        answer = self._incidents.answering(tap, place_of(station.config.place), decide)
        return await self._taps.take(tap.purpose.value, answer.decide, otherwise, answer.committed)

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
        """Counts go to the disk by themselves: the suspicion that comes next waits for none. One report at a time."""
        alarms, counts = self._board.took(reading, counted=self._recording is None)
        for event in alarms:
            await self._alarms.raise_alarm(event)
        if counts:
            self._recording = asyncio.ensure_future(self._record(counts))
            self._recording.add_done_callback(self._recorded)

    def _recorded(self, recording: asyncio.Future[object]) -> None:
        self._recording = None
        if not recording.cancelled() and (error := recording.exception()):
            log.error("counts of the cameras could not be recorded: %s", error)

    async def _noticed(self, notice: Noticed, *, synced: bool) -> News | None:
        """None outside its camera's schedule."""
        watch = self._board.watches.get(notice.camera, Watch())
        words = next((when for name, when in watch.schedule.items() if name.value == notice.detector), [])
        at, sure = Moment(notice.at_ns, notice.monotonic_ns, synced), notice.detector in UNLESS_KNOWN
        if not periods.tells(words, at, self._book().calendar, sure=sure):
            return None
        self._board.noticed(notice)
        evidence = await self._keep(notice, notice.camera, noticed.severity(notice))
        return noticed.suspected(notice, evidence, synced=synced), notice, evidence

    async def _pictured(self, change: PictureChange, camera: str, *, synced: bool) -> News:
        kept = pictures.is_worth_keeping(change)
        evidence = await self._keep(change, camera, pictures.SEVERITY[change.state]) if kept else Ids()
        return pictures.changed(change, camera, evidence, synced=synced), change, evidence

    async def _news(self, reading: Telling, station: Station, *, synced: bool) -> News | None:
        """The alarm that a reading is; None if it was told already."""
        name, none = station.config.name, Ids()
        means, place = station.config.means or "", station.config.place
        match reading:
            case ZoneChange():
                zone = self.told.news(reading, name, reading.zone)
                return (zones.changed(zone, name, station.config.places, synced=synced), zone, none) if zone else None
            case ContactChange():
                contact = self.told.news(reading, name, reading.contact)
                if contact is None:
                    return None
                return contacts.changed(contact, name, means=means, place=place, synced=synced), contact, none
            case PictureChange():
                picture = self.told.news(reading, name)
                return await self._pictured(picture, name, synced=synced) if picture else None
            case Noticed():
                return await self._noticed(reading, synced=synced)
            case Pressed():
                return contacts.pressed(reading, name, means=means, place=place, synced=synced), reading, none

    async def _raise(self, news: News, config: SourceConfig, *, synced: bool) -> None:
        """The alarm goes its way; if it is a sign of an incident, both are accepted in one commit."""
        event, reading, evidence = news
        if self._incidents is None:
            await self._alarms.raise_alarm(event)
            return
        name = reading.camera if isinstance(reading, Noticed) else config.name
        sign = sign_of(reading, self._spots.get(name) or Spot(name=name), evidence, synced=synced)
        await self._alarms.raise_alarm(event, partial(self._incidents.accepting, sign) if sign else None)
        if isinstance(reading, Pressed) and config.means is Means.ANSWER:
            self._incidents.press(place_of(config.place))

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
