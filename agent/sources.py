"""Keeps one device read for ever: connect, read, report trouble, wait, connect again.

Each connection is a task of its own. A DeviceError is reported once and retried for ever. Any other exception
quarantines the source with a growing pause, loudly: one faulty source never takes another down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum

import msgspec

from agent.clock import Clock
from agent.config import SourceConfig
from drivers.driver import Counters, Driver, Secrets, Source
from drivers.errors import DeviceError
from drivers.readings import Reading, Tap

log = logging.getLogger("agent.sources")

RETRY_S = 0.5  # never longer: a device that is back must answer within two seconds, and a panel's answer may take one
QUARANTINE_S = 5.0  # a defect of ours will not heal by hammering
QUARANTINE_MAX_S = 300.0
LONG_NS = 300_000_000_000  # a lamp reads nothing, a contact seldom: one that held so long has worked


class SourceState(StrEnum):
    STARTING = "starting"
    WORKING = "working"
    FAILED = "failed"  # the device cannot be used; retried all the time
    QUARANTINED = "quarantined"  # our own code failed; retried after a growing pause


class Trouble(msgspec.Struct, frozen=True):
    """Code, fact, instruction: of docs/errors.md."""

    code: str
    what: str
    do: str


class Station:
    """One device as the daemon sees it; written by keep_reading alone, read by status."""

    def __init__(self, config: SourceConfig, clock: Clock) -> None:
        self.config = config
        self.state = SourceState.STARTING
        self.trouble: Trouble | None = None
        self.since_ns = clock.utc_ns()
        self.last_reading_ns = 0
        self.readings = 0
        self.last_form = ""  # in which form a reader told its last card's number
        self.reported_failed = False  # whether the centre was told of a trouble that lasts
        self.counters = Counters()
        self._past = Counters()  # of earlier connections

    def totals(self) -> Counters:
        """Counters since the daemon started, over all connections."""
        now, past = self.counters, self._past
        return Counters(
            frames=past.frames + now.frames,
            garbled=past.garbled + now.garbled,
            repeats=past.repeats + now.repeats,
            last_garbled=now.last_garbled or past.last_garbled,
            video=now.video,
        )

    def opened(self, counters: Counters) -> None:
        self._past, self.counters = self.totals(), counters

    def now(self, state: SourceState, trouble: Trouble | None, at_ns: int) -> bool:
        """Take a new state. True if it is news."""
        news = state is not self.state or (trouble and trouble.code) != (self.trouble and self.trouble.code)
        if news:
            self.since_ns = at_ns
        self.state, self.trouble = state, trouble
        return news


OnReading = Callable[[Station, Source[Reading], Reading], Awaitable[None]]
OnChange = Callable[[Station], Awaitable[None]]
WhileOpen = Callable[[Station, Source[Reading]], AbstractContextManager[None]]


def _nothing(_station: Station, _source: Source[Reading]) -> AbstractContextManager[None]:
    return nullcontext()


async def keep_reading(
    station: Station,
    driver: Driver[msgspec.Struct, Reading],
    clock: Clock,
    secrets: Secrets,
    on_reading: OnReading,
    on_change: OnChange,
    while_open: WhileOpen = _nothing,
) -> None:
    """Run for ever; only cancellation ends it. `while_open` is entered with each open device."""
    quarantine_s = QUARANTINE_S
    while True:
        read_before, began_ns = station.readings, clock.monotonic_ns()
        reading = _read(station, driver, clock, secrets, on_reading, on_change, while_open)
        error = await _end_of(reading, station.config.name)
        if isinstance(error, DeviceError):
            pause_s, state = RETRY_S, SourceState.FAILED
            trouble = Trouble(error.code, error.what, error.do)
        else:
            if clock.monotonic_ns() - began_ns > LONG_NS:
                quarantine_s = QUARANTINE_S
            pause_s, state = quarantine_s, SourceState.QUARANTINED
            fact = f"{station.config.driver} failed by itself: {type(error).__name__}: {error}"
            trouble = Trouble("R-190", fact, f"Send the log to support; the agent tries again in {pause_s:.0f} s.")
            quarantine_s = min(quarantine_s * 2, QUARANTINE_MAX_S)
            log.error("source %s quarantined for %.0f s", station.config.name, pause_s, exc_info=error)
        if station.readings > read_before:  # it has worked in between: the next trouble is a new one
            quarantine_s = QUARANTINE_S
        if station.now(state, trouble, clock.utc_ns()):
            log.warning("%s: %s %s. %s", station.config.name, trouble.code, trouble.what, trouble.do)
            await on_change(station)
        await clock.sleep(pause_s)


async def _end_of(reading: Coroutine[None, None, None], name: str) -> BaseException:
    """What a connection ended with. It ends with us: nothing that it does in its end keeps us."""
    task = asyncio.create_task(reading, name=f"connection of {name}")
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        raise
    if task.cancelled():  # by its own code: nobody asked for it
        return asyncio.CancelledError("its connection was cancelled from within")
    return task.exception() or DeviceError("P-109", f"{name} ended its readings", do="Nothing; the agent reconnects.")


async def _read(
    station: Station,
    driver: Driver[msgspec.Struct, Reading],
    clock: Clock,
    secrets: Secrets,
    on_reading: OnReading,
    on_change: OnChange,
    while_open: WhileOpen,
) -> None:
    async with driver.connect(station.config.settings, clock, secrets) as source:
        with while_open(station, source):
            await _take(station, source, clock, on_reading, on_change)


async def _take(
    station: Station, source: Source[Reading], clock: Clock, on_reading: OnReading, on_change: OnChange
) -> None:
    station.opened(source.counters)
    if station.now(SourceState.WORKING, None, clock.utc_ns()):
        log.info("%s works", station.config.name)
        await on_change(station)
    async for reading in source:
        station.readings += 1
        station.last_reading_ns = clock.utc_ns()
        if isinstance(reading, Tap):
            station.last_form = reading.form.value
        await on_reading(station, source, reading)
