"""Takes the picture of the running daemon from its parts.

Not     writing and reading it: agent/ops/status.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import msgspec

from agent import __version__
from agent.cells.cells import Cells
from agent.clock import Clock
from agent.config import Config
from agent.evidence.store import Evidence
from agent.incidents.view import View
from agent.live.session import LiveShown
from agent.model import Lane
from agent.ops.eyes_view import eye_views
from agent.ops.reference_view import dataset_views
from agent.ops.status import (
    CellView,
    DiskView,
    EvidenceView,
    LaneView,
    LinkView,
    PartView,
    SourceView,
    Status,
    TroubleView,
    VideoView,
    process_start,
)
from agent.outbox.outbox import Outbox
from agent.outbox.troubles import Trouble
from agent.paths.alarm import AlarmPath
from agent.reference import Reference
from agent.school.told import Told
from agent.sources import Station
from agent.sync.centre_link import CentreLink
from agent.wall_time import rfc3339
from agent.watching.camera_clocks import off_s
from agent.watching.eyes import Board
from drivers.readings import ContactState, PictureState, ZoneState

INCIDENTS_SHOWN = 20
PART_KIND: dict[type, str] = {ZoneState: "zone", ContactState: "contact", PictureState: "picture"}


class Pictures:
    """Knows every part of the daemon; changes none."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        outbox: Outbox,
        link: CentreLink,
        alarms: AlarmPath,
        stations: Sequence[Station],
        told: Told,
        cells: Cells,
        evidence: Evidence,
        reference: Reference,
        others: Sequence[Callable[[], list[Trouble]]] = (),
        board: Board | None = None,
        incidents: Callable[[], Sequence[View]] = tuple,
        live: Callable[[], list[LiveShown]] = list,
    ) -> None:
        self._config = config
        self._clock = clock
        self._outbox = outbox
        self._link = link
        self._alarms = alarms
        self._stations = stations
        self._told = told
        self._cells = cells
        self._evidence = evidence
        self._reference = reference
        self._others = others
        self._board = board
        self._incidents = incidents
        self._live = live
        self._started = rfc3339(clock.utc_ns())
        self._pid = os.getpid()
        self._pid_start = process_start(self._pid)

    def take(self) -> Status:
        """The daemon now. Cheap: nothing is read from the disk but its free space."""
        clock = self._clock
        return Status(
            state="running",
            school=self._config.school,
            agent=__version__,
            pid=self._pid,
            pid_start=self._pid_start,
            at=rfc3339(clock.utc_ns()),
            started=self._started,
            epoch=self._outbox.epoch,
            bootid=clock.boot_id,
            clock="synced" if clock.synced() else "unsynced",
            lanes=self._lanes(),
            owes=self._outbox.owes(),
            link=self._link_view(),
            sources={station.config.name: self._source_view(station) for station in self._stations},
            troubles=self._troubles(),
            disk=self._disk(),
            evidence=self._evidence_view(),
            datasets=self._reference.versions(),
            eyes=eye_views(self._board.last, self._board.week()) if self._board else {},
            reference=dataset_views(self._reference, clock.utc_ns()),
            alarms_waiting=self._alarms.waiting(),
            alarms_sent_ahead=self._alarms.sent_ahead,
            incidents=list(self._incidents()[:INCIDENTS_SHOWN]),
            live=self._live(),
        )

    def _lanes(self) -> dict[str, LaneView]:
        states = {lane: self._outbox.state(lane) for lane in Lane}
        return {
            lane.word: LaneView(last=state.last, settled=state.settled, bytes=state.bytes)
            for lane, state in states.items()
        }

    def _troubles(self) -> list[TroubleView]:
        return [
            TroubleView(code=trouble.code, what=trouble.what, do=trouble.do, since=rfc3339(trouble.since_ns))
            for trouble in [
                *self._outbox.trouble(),
                *self._evidence.trouble(),
                *self._reference.trouble(),
                *(trouble for troubles in self._others for trouble in troubles()),
            ]
        ]

    def _evidence_view(self) -> EvidenceView:
        return EvidenceView(**msgspec.structs.asdict(self._evidence.state()))

    def _disk(self) -> DiskView:
        p50_ms, p99_ms = self._outbox.commit_ms()
        return DiskView(
            free_bytes=self._outbox.disk_free_bytes(),
            wal_bytes=self._outbox.wal_bytes(),
            commit_p50_ms=p50_ms,
            commit_p99_ms=p99_ms,
        )

    def _link_view(self) -> LinkView:
        link = self._link.snapshot()
        return LinkView(
            state=link.state,
            since=rfc3339(link.since_ns),
            code=link.code,
            what=link.what,
            do=link.do,
            in_flight_bytes=link.in_flight_bytes,
            bytes_per_s=link.bytes_per_s,
            rtt_ms=link.rtt_ms,
            last_receipt=rfc3339(link.last_receipt_ns),
            counters=link.counters,
            refused=link.refused,
        )

    def _source_view(self, station: Station) -> SourceView:
        totals, trouble = station.totals(), station.trouble
        return SourceView(
            kind=station.config.kind,
            driver=station.config.driver,
            state=station.state.value,
            since=rfc3339(station.since_ns),
            last_reading=rfc3339(station.last_reading_ns),
            readings=station.readings,
            garbled=totals.garbled,
            repeats=totals.repeats,
            code=trouble.code if trouble else "",
            what=trouble.what if trouble else "",
            do=trouble.do if trouble else "",
            parts=self._parts(station),
            cell=self._cell(station),
            video=self._video(station),
        )

    def _video(self, station: Station) -> VideoView | None:
        video, clock = station.counters.video, self._clock
        if video is None:
            return None
        seen_ns = clock.utc_ns() - (clock.monotonic_ns() - video.seen_ns) if video.seen_ns else 0
        return VideoView(
            width_px=video.width_px,
            height_px=video.height_px,
            rate=video.rate,
            seen=rfc3339(seen_ns),
            clock_off_s=off_s(station, clock),
            encodes=video.encodes,
        )

    def _parts(self, station: Station) -> list[PartView]:
        places = station.config.places
        return [
            PartView(
                kind=PART_KIND[state.__class__],
                part=str(part),
                place=places.get(part, "") if isinstance(part, int) else "",
                state=state.value,
            )
            for part, state in self._told.unusual(station.config.name).items()
        ]

    def _cell(self, station: Station) -> CellView | None:
        cell = self._cells.cell(station.config.name)
        if cell is None:
            return None
        life = cell.life
        return CellView(
            pid=life.pid if life else 0,
            memory_mb=round(life.memory_mb) if life else 0,
            cpu_percent=round(life.cpu_percent, 1) if life else 0.0,
            falls=cell.falls.total,
        )
