"""The parts of a running box: each made once, in the order in which they need each other, and given what it needs.

A part knows nothing of the others but what it is given here. Their life, start and stop: agent/daemon.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from agent.cells.cells import Cells
from agent.cells.films import CellFilms
from agent.cells.slots import Slots
from agent.clock import Clock
from agent.config import Config, SourceConfig
from agent.enrolment.papers import Papers
from agent.enrolment.renewal import Renewal
from agent.errors import AgentError
from agent.evidence.films import Films
from agent.evidence.folder import Folder
from agent.evidence.store import Evidence
from agent.history.keeper import HistoryKeeper
from agent.incidents.incidents import Incidents
from agent.incidents.orders import incident_orders
from agent.incidents.signs import Spot
from agent.kept_in_memory import Swap
from agent.live.cameras import Cameras
from agent.ops.asks import asks_of
from agent.ops.box_asks import box_asks
from agent.ops.box_orders import box_orders
from agent.ops.bundle_order import bundle_orders, made_by_command
from agent.ops.centre_word import word_asks
from agent.ops.control import Control
from agent.ops.device_asks import device_asks
from agent.ops.housekeeping import Housekeeping
from agent.ops.picture import Pictures
from agent.ops.picture_asks import picture_asks
from agent.ops.systemd import Notifier
from agent.outbox.outbox import Outbox
from agent.outbox.settings import MB
from agent.outbox.troubles import Trouble
from agent.paths.alarm import AlarmPath
from agent.paths.alerts import Alerts
from agent.paths.reader_test import ReaderTest
from agent.paths.rules import Rules
from agent.paths.signals import Signals
from agent.paths.tap import TapPath
from agent.reference import Reference
from agent.restart import Restart
from agent.school.bells import Bells
from agent.school.defects import Defects, Words
from agent.school.grants import Grants
from agent.school.ledger_keeper import LedgerKeeper
from agent.secrets import SecretStore
from agent.sources import SourceState, Station, keep_reading
from agent.sync.centre_link import CentreLink
from agent.sync.identity import Identity
from agent.sync.link import CONNECTED, State
from agent.trial_kinds import trial_kinds
from agent.trials.apply import ConfigChange
from agent.trials.history import History
from agent.trials.noticed import notice
from agent.trials.trial import TrialFile
from agent.trials.verdict import Seen
from agent.trials.watch import Trials
from agent.updates.order import update_orders
from agent.updates.staged import Shelf
from agent.updates.updater import Updater
from agent.watching.camera_clocks import CameraClocks
from agent.watching.eyes import Board, watches, with_eyes
from agent.watching.score_keeper import ScoreKeeper
from agent.watching.viewings import Viewings

FAILING = Words(
    "U-127", "the part `{part}` of the agent failed by itself: {error}", "Send the log to support; it is started again."
)
AGAIN_S = 60.0  # a part that failed by itself is started again
DRAIN_ALARMS_S = 2.0  # at stop: alarms, and then pictures, still on their way to the disk
Work = Coroutine[Any, Any, None]


class Box:
    """All parts of one box. `cells` and `control` are open while it works."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        outbox: Outbox,
        slots: Slots,
        reference: Reference,
        keys: tuple[Identity, bytes],
        environment: Mapping[str, str],
        notifier: Notifier,
    ) -> None:
        self._config, self._clock, self._outbox, self._environment = config, clock, outbox, environment
        identity, card_key = keys
        sources = with_eyes(config.sources, slots.files)
        self.stations = [Station(source, clock) for source in sources]
        self.cells = Cells(sources, clock, environment, slots.files)
        self._evidence = evidence_of(config, outbox, reference, clock, CellFilms(sources, self.cells))
        self._defects, self._parts = Defects(clock), Defects(clock, FAILING)
        self._alerts = Alerts(sources, Signals(clock))
        self._ledger = ledger_of(config, outbox, identity, reference, clock)
        self._grants = Grants(outbox.transact, clock, self._defects)
        self._scores = ScoreKeeper(outbox.transact, lambda: reference.book, clock)
        self._incidents = incidents_of(config, outbox, self._evidence, reference, clock, self._alerts)
        self._cameras = Cameras(config, outbox, self._evidence, reference.live, clock, self._incidents.forged)
        self._restart = Restart()
        self._trials = self._on_trial()
        history = History(config.state.config)
        self._change = ConfigChange(config, self._trials, history, self._restart, clock, self._incident_open)
        self._updater = self._updates(reference)
        self._reader_test = ReaderTest(self.stations, self._alerts.signals, clock)
        self._link = self._to_the_centre(identity, reference)
        self._renewal = Renewal(
            config.centre, config.school, identity, Papers(config.state.pki), clock, random.Random(),  # noqa: S311
            lambda: self._link.snapshot().code,
        )  # fmt: skip
        self._history = HistoryKeeper(outbox.transact, clock, self.stations, self._link.snapshot)
        self._alarms = AlarmPath(outbox.accept, self._link.send_ahead, clock)
        self._board = Board(clock, slots.error, watches(config.sources), self._scores)
        self._rules = Rules(
            self._alarms, TapPath(outbox.transact, self._defects), card_key, clock, signals=self._alerts.signals,
            keep=self._evidence.keep, book=lambda: reference.book, board=self._board, record=outbox.accept,
            incidents=self._incidents, spots=spots_of(config.sources),
        )  # fmt: skip
        self._bells = Bells(outbox.transact, lambda: reference.book, clock, self._defects)
        self._viewings = Viewings(config.state.viewings, outbox.accept, clock)
        self.control = Control(
            config.state.control,
            asks_of(self._incidents, outbox)
            | word_asks(outbox, self._link)
            | device_asks(self.stations, self._rules.told)
            | box_asks(self._change, self._reader_test)
            | picture_asks(self.cells.slot),
        )
        self._pictures = Pictures(
            config, clock, outbox, self._link, self._alarms, self.stations, self._rules.told, self.cells,
            self._evidence, reference, list(self._troubles()), self._board, self._incidents.open_now,
            self._cameras.views.shown,
        )  # fmt: skip
        self._house = Housekeeping(clock, outbox, self._alarms, self._pictures, notifier)

    def work(self, secrets: SecretStore) -> dict[str, Work]:
        """Everything that runs for ever, by its name. Only the writer, the link and the watch may end the process."""
        readings = {
            one.config.name: keep_reading(
                one, self.cells.driver(one.config), self._clock, secrets, self._rules.on_reading,
                self._changed, self._cameras.around(self._rules.while_open),
            )
            for one in self.stations
        }  # fmt: skip
        parts: dict[str, Callable[[], Work]] = {
            "evidence": self._evidence.run,
            "bells": self._bells.run,
            "incidents": self._incidents.run,
            "alerts": partial(self._alerts.run, self._incidents),
            "live": self._cameras.views.run,
            "cameras": self._cameras.lister(self.stations, self._rules.told, self._board.tampered).run,
            "viewings": self._viewings.run,
            "scores": self._scores.run,
            "renewal": self._renewal.run,
            "grants": self._grants.run,
            "history": self._history.run,
            "ledger": self._ledger.run,
            "trial": self._try_out,
            "updates": self._updater.run,
            "picture": partial(self._house.keep_picture, self._config.state.live),
            "health": self._house.report_health,
            "memory": self._house.keep_memory,
        }
        return (
            readings
            | {"writer": self._outbox.watch(), "link": self._link.run(), "watch": self._house.keep_watch()}
            | {"restart": self._restart.run()}
            | {name: self._kept(name, run) for name, run in parts.items()}
        )

    async def _changed(self, station: Station) -> None:
        """A device works, or does not: for who asks why, and for the centre."""
        self._history.changed(station)
        await self._rules.on_change(station)

    async def _kept(self, part: str, run: Callable[[], Work]) -> None:
        """A part that fails by itself is told and started again; it takes no other with it."""
        while True:
            (error,) = await asyncio.gather(run(), return_exceptions=True)
            if not isinstance(error, Exception):
                return
            self._parts.failed(part, error)
            await self._clock.sleep(AGAIN_S)

    async def drained(self) -> None:
        """What is on its way to the disk gets there, if that can be done soon, and the writer has not ended."""
        with contextlib.suppress(TimeoutError, AgentError):
            async with asyncio.timeout(DRAIN_ALARMS_S):
                await self._alarms.drained()
                await self._incidents.drained()
                await self._evidence.finish()
                await self._ledger.finish()
                await self._scores.finish()
                await self._history.finish()

    def seen(self) -> Seen:
        """How the box is now, for the change that is on trial."""
        state = State(self._link.snapshot().state)
        working = (one.config.name for one in self.stations if one.state is SourceState.WORKING)
        return Seen(
            link=state in CONNECTED,
            centre=state is State.ONLINE,
            working=frozenset(working),
            failing=self._parts.failing(),
        )

    def _incident_open(self) -> bool:
        """A drill is one, too."""
        return bool(self._incidents.open_now())

    def _needed(self) -> bool:
        return any(one.needs_box for one in self._incidents.open_now())

    def _on_trial(self) -> Trials:
        folder = self._config.state.config
        return Trials(
            TrialFile(folder),
            trial_kinds(Path(self._config.state.directory)),
            self._outbox,
            self._clock,
            look=self.seen,
            configured=frozenset(one.config.name for one in self.stations),
            restart=lambda: self._restart.now("a change is undone"),
        )

    def _updates(self, reference: Reference) -> Updater:
        return Updater(
            Shelf(self._config.state.updates),
            self._clock,
            authority=Path(self._config.centre.ca),
            calendar=lambda: reference.book.calendar,
            needed=self._needed,
            begin=self._trials.begin,
            drop=self._trials.drop,
            record=self._outbox.accept,
        )

    async def _try_out(self) -> None:
        """What is on trial, and what was changed on site."""
        folder = self._config.state.config
        history, file = History(folder), TrialFile(folder)
        await notice(Path(self._config.file), history, file, self._outbox, self._clock)
        await self._trials.run()

    def _to_the_centre(self, identity: Identity, reference: Reference) -> CentreLink:
        return CentreLink(
            self._config.centre,
            school=self._config.school,
            outbox=self._outbox,
            identity=identity,
            evidence=self._evidence,
            reference=reference,
            clock=self._clock,
            rng=random.Random(),  # noqa: S311 - jitter, not a secret
            status=lambda: self._pictures.take(),
            told_grants=self._grants.tell,
            orders=incident_orders(self._incidents)
            | self._cameras.orders()
            | box_orders(self._change, self._restart, self._reader_test, self._incident_open)
            | bundle_orders(self._evidence, partial(made_by_command, self._config.file, self._environment))
            | update_orders(self._updater),
            told_forged=self._incidents.forged,
            told_answered=self._restart.answered,
        )

    def _troubles(self) -> Iterator[Callable[[], list[Trouble]]]:
        """Where troubles are asked for, besides the database, the link and the devices."""
        for part in (
            self._defects,
            self._parts,
            self._incidents,
            self._ledger,
            self._board,
            self._viewings,
            self._scores,
            self._renewal,
            self._updater,
        ):
            yield part.trouble
        yield self.control.trouble
        yield CameraClocks(self.stations, self._clock).trouble
        yield Swap(self._clock).trouble


def evidence_of(
    config: Config, outbox: Outbox, reference: Reference, clock: Clock, films: Films | None = None
) -> Evidence:
    """The box's pictures and videos; without `films` it makes no videos."""
    return Evidence(
        outbox,
        Folder(config.state.evidence),
        config.evidence,
        reference.recipients,
        clock,
        reserve_bytes=config.outbox.reserve_mb * MB,
        cameras=sum(source.kind == "camera" for source in config.sources),
        films=films,
    )


def spots_of(sources: Sequence[SourceConfig]) -> dict[str, Spot]:
    """Where each device is, and what it means."""
    return {one.name: Spot(name=one.name, place=one.place, means=one.means, places=one.places) for one in sources}


def incidents_of(
    config: Config, outbox: Outbox, evidence: Evidence, reference: Reference, clock: Clock, alerts: Alerts
) -> Incidents:
    """Who keeps the school's incidents; what shows an open one is sent first."""
    incidents = Incidents(
        outbox.transact,
        lambda: reference.book,
        clock,
        spots=spots_of(config.sources),
        cameras=[one.name for one in config.sources if one.kind == "camera"],
        locally=alerts.locally,
        keep_clip=evidence.keep_clip,
    )
    incidents.add_listener(lambda: evidence.shelf.incidents_changed(one.incident for one in incidents.open_now()))
    return incidents


def ledger_of(config: Config, outbox: Outbox, identity: Identity, reference: Reference, clock: Clock) -> LedgerKeeper:
    """Who signs the school's ledger."""
    return LedgerKeeper(
        outbox,
        config.school,
        identity,
        clock,
        database=config.state.database,
        book=lambda: reference.book,
        versions=reference.versions,
    )
