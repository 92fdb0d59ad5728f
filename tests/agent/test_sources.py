"""The supervisor: a device error is reported once and retried, a defect is quarantined, readings flow again
afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext

import msgspec
import pytest

from agent.config import SourceConfig
from agent.sources import SourceState, Station, WhileOpen, keep_reading
from drivers.driver import Clock, Counters, Finding, Secrets, Source, Verdict
from drivers.errors import DeviceError
from drivers.readings import CardForm, Light, Reading, Tap
from tests.clock import FastClock
from tests.secrets import no_secrets


class Settings(msgspec.Struct, frozen=True):
    port: str = "/dev/null"


TAP = Tap(card="6F007B3972", form=CardForm.EM4100, at_ns=1, monotonic_ns=1)


class ScriptedSource:
    def __init__(self, script: list[Reading | Exception]) -> None:
        self.counters = Counters(frames=len(script), garbled=1)
        self._script = iter(script)

    def __aiter__(self) -> AsyncIterator[Reading]:
        return self

    async def __anext__(self) -> Reading:
        await asyncio.sleep(0)
        try:
            step = next(self._script)
        except StopIteration:
            await asyncio.Event().wait()
            raise
        if isinstance(step, Exception):
            raise step
        return step

    async def show(self, light: Light) -> None:
        pass


class ScriptedDriver:
    """Each connection plays one list; an exception in place of a list fails the connection itself."""

    def __init__(self, *plays: list[Reading | Exception] | Exception) -> None:
        self._plays = iter(plays)

    def probe(self, settings: msgspec.Struct) -> Finding:
        return Finding(verdict=Verdict.OK, code="", what="")

    @asynccontextmanager
    async def connect(self, settings: msgspec.Struct, clock: Clock, secrets: Secrets) -> AsyncIterator[Source[Reading]]:
        play = next(self._plays)
        if isinstance(play, Exception):
            raise play
        yield ScriptedSource(play)


def gone() -> DeviceError:
    return DeviceError("P-102", "/dev/reader went away", do="Check the plug.")


async def play(
    driver: ScriptedDriver, *, readings: int, while_open: WhileOpen = lambda _station, _source: nullcontext()
) -> tuple[Station, FastClock, list[tuple[SourceState, str]]]:
    """Run the supervisor until so many readings have come."""
    clock = FastClock()
    config = SourceConfig(name="canteen-1", kind="reader", driver="scripted", settings=Settings(), places={})
    station = Station(config, clock)
    states: list[tuple[SourceState, str]] = []
    enough = asyncio.Event()

    async def on_reading(station: Station, source: Source[Reading], reading: Reading) -> None:
        if station.readings >= readings:
            enough.set()

    async def on_change(station: Station) -> None:
        states.append((station.state, station.trouble.code if station.trouble else ""))

    task = asyncio.create_task(keep_reading(station, driver, clock, no_secrets, on_reading, on_change, while_open))
    try:
        async with asyncio.timeout(5):
            await enough.wait()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return station, clock, states


async def test_unplugged_for_long_is_told_once_and_heals() -> None:
    driver = ScriptedDriver([TAP, gone()], *[gone() for _ in range(50)], [TAP])
    station, clock, states = await play(driver, readings=2)
    assert states == [(SourceState.WORKING, ""), (SourceState.FAILED, "P-102"), (SourceState.WORKING, "")]
    assert station.readings == 2
    assert clock.up_ns < 60e9  # fifty failures never wait longer than a second each


async def test_what_lasts_as_long_as_a_device_is_open_is_entered_and_left_with_each_connection() -> None:
    open_now: list[Source[Reading]] = []
    most: list[int] = []

    @contextmanager
    def while_open(_station: Station, source: Source[Reading]) -> Iterator[None]:
        open_now.append(source)
        most.append(len(open_now))
        try:
            yield
        finally:
            open_now.remove(source)

    await play(ScriptedDriver([TAP, gone()], gone(), [TAP, gone()], [TAP]), readings=3, while_open=while_open)
    assert most == [1, 1, 1]


async def test_another_trouble_is_news() -> None:
    other = DeviceError("P-103", "held by another process", do="Close it.")
    _, _, states = await play(ScriptedDriver(gone(), other, [TAP]), readings=1)
    assert [code for _, code in states] == ["P-102", "P-103", ""]


async def test_a_defect_quarantines_with_growing_pauses() -> None:
    driver = ScriptedDriver(*[ZeroDivisionError("defect") for _ in range(4)], [TAP])
    _, clock, states = await play(driver, readings=1)
    assert states[0] == (SourceState.QUARANTINED, "R-190")
    assert clock.up_ns >= (5 + 10 + 20 + 40) * 1e9


async def test_a_device_that_reads_nothing_and_held_for_long_begins_with_the_first_pause_again() -> None:
    """A lamp with four defects in a year is not away for minutes at the fifth."""
    lived: list[FastClock] = []

    class Lamp(ScriptedDriver):
        @asynccontextmanager
        async def connect(
            self, settings: msgspec.Struct, clock: Clock, secrets: Secrets
        ) -> AsyncIterator[Source[Reading]]:
            async with super().connect(settings, clock, secrets) as source:
                assert isinstance(clock, FastClock)
                lived.append(clock)
                clock.advance(400.0)
                yield source

    defects: list[list[Reading | Exception]] = [[ZeroDivisionError("defect")] for _ in range(4)]
    _, clock, _ = await play(Lamp(*defects, [TAP]), readings=1)
    pauses_s = clock.up_ns / 1e9 - 400 * len(lived)
    assert 4 * 5 <= pauses_s < 25


async def test_counters_go_on_over_connections() -> None:
    station, _, _ = await play(ScriptedDriver([TAP, gone()], [TAP]), readings=2)
    assert station.totals().garbled == 2
    assert station.totals().frames == 3


async def test_cancelling_ends_it() -> None:
    clock = FastClock()
    config = SourceConfig(name="r", kind="reader", driver="scripted", settings=Settings(), places={})

    async def ignore(*_: object) -> None:
        pass

    task = asyncio.create_task(
        keep_reading(Station(config, clock), ScriptedDriver([]), clock, no_secrets, ignore, ignore)
    )
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelling_ends_it_though_the_device_fails_in_its_end() -> None:
    class Clinging(ScriptedDriver):
        @asynccontextmanager
        async def connect(
            self, settings: msgspec.Struct, clock: Clock, secrets: Secrets
        ) -> AsyncIterator[Source[Reading]]:
            try:
                yield ScriptedSource([TAP])
            finally:
                raise gone()

    _, _, states = await play(Clinging(), readings=1)
    assert states == [(SourceState.WORKING, "")]


async def test_a_connection_that_cancels_itself_is_a_defect() -> None:
    class Cancelled(ScriptedDriver):
        @asynccontextmanager
        async def connect(
            self, settings: msgspec.Struct, clock: Clock, secrets: Secrets
        ) -> AsyncIterator[Source[Reading]]:
            async with super().connect(settings, clock, secrets) as source:
                if first.pop():
                    raise asyncio.CancelledError
                yield source

    first = [False, True]
    _, _, states = await play(Cancelled([TAP], [TAP]), readings=1)
    assert states == [(SourceState.QUARANTINED, "R-190"), (SourceState.WORKING, "")]
