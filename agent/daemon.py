"""The wiring: every task of the daemon, its start and stop order, on one screen.

Only the writer and the link's own loop may end the process (systemd starts it clean); a source never does.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.alarm_path import AlarmPath
from agent.alerts import Alerts
from agent.camera_clocks import CameraClocks
from agent.cells.cells import Cells
from agent.cells.films import CellFilms
from agent.cells.slots import slots_of
from agent.clock import Clock, SystemClock
from agent.config import Config, SourceConfig
from agent.errors import AgentError
from agent.evidence.films import Films
from agent.evidence.folder import Folder
from agent.evidence.store import Evidence
from agent.eyes import Board, watches, with_eyes
from agent.incidents.incidents import Incidents
from agent.incidents.orders import incident_orders
from agent.incidents.signs import Spot
from agent.kept_in_memory import Swap
from agent.live.cameras import Cameras
from agent.ops.asks import asks_of
from agent.ops.control import Control
from agent.ops.housekeeping import Housekeeping
from agent.ops.picture import Pictures
from agent.ops.systemd import Notifier
from agent.outbox.outbox import Outbox, open_outbox
from agent.outbox.settings import MB
from agent.reference import Reference
from agent.rules import Rules
from agent.school.bells import Bells
from agent.school.card_key import load_card_key
from agent.school.defects import Defects
from agent.school.grants import Grants
from agent.school.ledger_keeper import LedgerKeeper
from agent.score_keeper import ScoreKeeper
from agent.secrets import SecretStore
from agent.signals import Signals
from agent.sources import Station, keep_reading
from agent.sync.centre_link import CentreLink
from agent.sync.identity import Identity, load_identity
from agent.tap_path import TapPath
from agent.viewings import Viewings

log = logging.getLogger("agent")

SWITCH_INTERVAL_S = 0.0005  # the writer thread must get the interpreter back within a fraction of a tap's 5 ms
GARBAGE_THRESHOLDS = (10_000, 10, 10)  # new objects before a search; our own are freed without one
DRAIN_ALARMS_S = 2.0  # at stop: alarms, and then pictures, still on their way to the disk


async def run(
    config: Config, notifier: Notifier, environment: Mapping[str, str], credentials: Path | None = None
) -> None:
    """Run until cancelled. Raises what ended the writer or the link.

    environment  for child processes
    credentials  where systemd has put secrets, if it has
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    clock = SystemClock()
    identity, card_key = _keys(config)
    secrets = SecretStore(config.state.secrets, credentials)
    reference = Reference(config.state.reference, clock)
    async with (
        slots_of(watches(config.sources)) as slots,
        open_outbox(config.state.database, school=config.school, clock=clock, settings=config.outbox) as outbox,
    ):
        sources = with_eyes(config.sources, slots.files)
        cells = Cells(sources, clock, environment, slots.files)
        evidence, defects, alerts, ledger = (
            evidence_of(config, outbox, reference, clock, CellFilms(sources, cells)),
            Defects(clock),
            Alerts(sources, Signals(clock)),
            ledger_of(config, outbox, identity, reference, clock),
        )
        grants, scores, incidents = (
            Grants(outbox.transact, clock, defects),
            ScoreKeeper(outbox.transact, lambda: reference.book, clock),
            incidents_of(config, outbox, evidence, reference, clock, alerts),
        )
        cameras = Cameras(config, outbox, evidence, reference.live, clock, incidents.forged)
        link = CentreLink(
            config.centre,
            school=config.school,
            outbox=outbox,
            identity=identity,
            evidence=evidence,
            reference=reference,
            clock=clock,
            rng=random.Random(),  # noqa: S311 - jitter, not a secret
            status=lambda: pictures.take(),
            told_grants=grants.tell,
            orders=incident_orders(incidents) | cameras.orders(),
            told_forged=incidents.forged,
        )
        alarms, taps = AlarmPath(outbox.accept, link.send_ahead, clock), TapPath(outbox.transact, defects)
        stations, board = (
            [Station(source, clock) for source in sources],
            Board(clock, slots.error, watches(config.sources), scores),
        )
        rules = Rules(
            alarms, taps, card_key, clock, signals=alerts.signals, keep=evidence.keep, book=lambda: reference.book,
            board=board, record=outbox.accept, incidents=incidents, spots=spots_of(config.sources),
        )  # fmt: skip
        bells, viewings, control = (
            Bells(outbox.transact, lambda: reference.book, clock, defects),
            Viewings(config.state.viewings, outbox.accept, clock),
            Control(config.state.control, asks_of(incidents, outbox)),
        )
        pictures = Pictures(
            config, clock, outbox, link, alarms, stations, rules.told, cells, evidence, reference,
            [
                defects.trouble, incidents.trouble, ledger.trouble, board.trouble,
                CameraClocks(stations, clock).trouble, viewings.trouble, scores.trouble, control.trouble,
                Swap(clock).trouble,
            ],
            board, incidents.open_now, cameras.views.shown,
        )  # fmt: skip
        house = Housekeeping(clock, outbox, alarms, pictures, notifier)
        try:
            async with cells, control, asyncio.TaskGroup() as tasks:
                for station in stations:
                    reading = keep_reading(
                        station, cells.driver(station.config), clock, secrets,
                        rules.on_reading, rules.on_change, cameras.around(rules.while_open),
                    )  # fmt: skip
                    tasks.create_task(reading, name=station.config.name)
                for name, work in {
                    "writer": outbox.watch(),
                    "link": link.run(),
                    "evidence": evidence.run(),
                    "bells": bells.run(),
                    "incidents": incidents.run(),
                    "alerts": alerts.run(incidents),
                    "live": cameras.views.run(),
                    "cameras": cameras.lister(stations, rules.told, board.tampered).run(),
                    "viewings": viewings.run(),
                    "scores": scores.run(),
                    "grants": grants.run(),
                    "ledger": ledger.run(),
                    "picture": house.keep_picture(config.state.live),
                    "watch": house.keep_watch(),
                    "health": house.report_health(),
                }.items():
                    tasks.create_task(work, name=name)
                _ready(notifier)
                log.info("school %s, %d devices, epoch %s", config.school, len(stations), outbox.epoch)
        finally:
            notifier.stopping()
            await _drained(alarms, incidents, evidence, ledger, scores)


async def _drained(
    alarms: AlarmPath, incidents: Incidents, evidence: Evidence, ledger: LedgerKeeper, scores: ScoreKeeper
) -> None:
    """What is on its way to the disk gets there, if that can be done soon."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_ALARMS_S):
            await alarms.drained()
            await incidents.drained()
            await evidence.finish()
            await ledger.finish()
            await scores.finish()


def _ready(notifier: Notifier) -> None:
    """Everything is loaded and runs."""
    spare_what_is_loaded()
    notifier.ready()


def spare_what_is_loaded() -> None:
    """A search for garbage stops everybody: from now on it is rare, and leaves out what was there at the start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


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


def _keys(config: Config) -> tuple[Identity, bytes]:
    """Make the box's folders and keys where they are missing. Raises AgentError."""
    state = Path(config.state.directory)
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(config.state.runtime).mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise AgentError(
            "D-101",
            f"{error.filename} cannot be made: {error.strerror}",
            do="Check [state] in the configuration, and that the disk is mounted and the agent's user may write there.",
        ) from error
    return load_identity(state), load_card_key(config.state.card_key)
