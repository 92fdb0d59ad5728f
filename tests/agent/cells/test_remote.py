"""A channel keeps its turn: one reading at a time, lights answered, nothing after its end."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from agent.cells.remote import CellDefect, Remote
from drivers.cell_wire import CellWireError, Ended, Opened, Rest, Shown, Taken, ToCell, reading_message
from drivers.driver import Counters, Source
from drivers.errors import DeviceError
from drivers.readings import CardForm, Light, Reading, Tap
from tests.circles import circles
from tests.clock import FastClock

TAP = Tap(card="6F007B3972", form=CardForm.EM4100, at_ns=5, monotonic_ns=6)


class Line:
    """A channel, and what it said to its cell."""

    def __init__(self) -> None:
        self.said: list[ToCell] = []
        self.clock = FastClock()
        self.remote = Remote(1, self.said.append, self.clock)
        source: Source[Reading] = self.remote
        self.readings = aiter(source)


async def test_the_next_reading_may_come_when_the_last_one_is_dealt_with() -> None:
    line = Line()
    line.remote.hear(reading_message(1, TAP))
    assert isinstance(await anext(line.readings), Tap)
    assert line.said == []
    following = asyncio.ensure_future(anext(line.readings))
    await asyncio.sleep(0)
    assert line.said == [Taken(1)]
    line.remote.hear(reading_message(1, TAP))
    await following


async def test_a_cell_that_does_not_wait_its_turn_is_an_error() -> None:
    line = Line()
    line.remote.hear(reading_message(1, TAP))
    with pytest.raises(CellWireError, match="before the last one"):
        line.remote.hear(reading_message(1, TAP))
    await anext(line.readings)
    with pytest.raises(CellWireError, match="before the last one"):
        line.remote.hear(reading_message(1, TAP))


async def test_a_reading_is_as_old_as_the_steady_clock_says() -> None:
    line = Line()
    line.clock.advance(3.0)
    line.remote.hear(reading_message(1, Tap(card="AA", form=CardForm.UID4, at_ns=0, monotonic_ns=1_000_000_000)))
    reading = await anext(line.readings)
    assert line.clock.utc_ns() - reading.at_ns == 3_000_000_000


@pytest.mark.parametrize(
    ("ended", "error"),
    [
        (Ended(1, ("P-104", "went away", "Check.")), DeviceError),
        (Ended(1, None, "ZeroDivisionError"), CellDefect),
        (Ended(1), StopAsyncIteration),
    ],
)
async def test_what_ends_it_is_raised_for_ever(ended: Ended, error: type[Exception]) -> None:
    line = Line()
    line.remote.hear(Opened(1))
    line.remote.hear(ended)
    for _ in range(2):
        with pytest.raises(error):
            await anext(line.readings)


async def test_who_waits_for_a_light_hears_that_its_cell_ended() -> None:
    line = Line()
    showing = asyncio.ensure_future(line.remote.show(Light.ACCEPTED))
    await asyncio.sleep(0)
    line.remote.end(DeviceError("U-101", "ended", do="Nothing."))
    with pytest.raises(DeviceError, match="U-101"):
        await showing


async def test_a_light_after_the_end_hears_the_reason_at_once() -> None:
    line = Line()
    line.remote.end(DeviceError("U-101", "ended", do="Nothing."))
    async with asyncio.timeout(0.5):
        with pytest.raises(DeviceError, match="U-101"):
            await line.remote.show(Light.ACCEPTED)
    assert line.said == []


async def test_a_late_answer_about_a_light_is_nobodys() -> None:
    line = Line()
    line.remote.hear(Shown(1, None))
    showing = asyncio.ensure_future(line.remote.show(Light.WAIT))
    await asyncio.sleep(0)
    line.remote.hear(Shown(1, None))
    await showing
    line.remote.hear(Shown(1, ("G-101", "dark", "Mend.")))


def test_counters_are_brought_up_to_date_where_they_are() -> None:
    line = Line()
    held = line.remote.counters
    line.remote.count(Counters(frames=7, garbled=1, last_garbled="FF"))
    assert held == Counters(frames=7, garbled=1, last_garbled="FF")


async def test_the_eyes_are_told_which_detectors_rest() -> None:
    line = Line()
    line.remote.rest({"gate": ["fight", "fire"], "yard": []})
    assert line.said == [Rest(1, {"gate": ("fight", "fire"), "yard": ()})]


async def test_a_device_that_is_away_leaves_nothing_that_only_a_search_would_free() -> None:
    """It is tried again twice a second."""
    with circles() as left:
        for _ in range(20):
            line = Line()
            line.remote.end(DeviceError("P-104", "it went away", do="Plug it in."))
            with contextlib.suppress(DeviceError):
                await anext(line.readings)
            with contextlib.suppress(DeviceError):
                await line.remote.show(Light.ACCEPTED)
            with contextlib.suppress(DeviceError):
                line.remote.raise_failure()
            del line
    assert left.objects < 20
