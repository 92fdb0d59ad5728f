"""Contacts and buttons on the simulated chip under the agent's supervisor, and over long times on a wire of the test:
bounces, loose wires, spikes, presses, a button that jams.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.driver import Driver, Verdict
from drivers.gpio_lines import Look
from drivers.readings import ContactChange, ContactState, Pressed, Reading
from drivers.sensors import gpio_contact
from drivers.sensors.gpio_contact import BUTTON, GpioContact, Pull, Role, Settings
from simulator.contacts import Contact
from simulator.gpio_chip import GpioChip
from tests.clock import FastClock
from tests.drivers.gpio_peer import simulated_chip
from tests.drivers.supervised import kept_reading, until

_: Driver[Settings, ContactChange | Pressed] = gpio_contact

IDLE, ACTIVE, FLAPPING = ContactState.IDLE, ContactState.ACTIVE, ContactState.FLAPPING
LINE = 17


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[GpioChip]:
    with simulated_chip(tmp_path, [LINE]) as chip:
        yield chip


def settings(chip: GpioChip | None = None, **words: object) -> Settings:
    given = {"chip": str(chip.folder) if chip else "/dev/gpiochip0", "line": LINE, "normally": "open"} | words
    return Settings(**given)  # type: ignore[arg-type]


def words(readings: list[Reading]) -> list[str]:
    return [one.state.value if isinstance(one, ContactChange) else "pressed" for one in readings]


# --- on the chip ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("normally", ["open", "closed"])
async def test_a_contact_tells_how_it_is_and_each_change(chip: GpioChip, normally: str) -> None:
    contact = Contact(chip, LINE, closed=normally == "closed")
    async with kept_reading(gpio_contact, settings(chip, normally=normally)) as kept:
        for count, state in enumerate([IDLE, ACTIVE, IDLE], 1):
            await until(lambda count=count: len(kept.readings) == count)
            assert words(kept.readings)[-1] == state
            contact.move(closed=not contact.closed)
    changes = [one for one in kept.readings if isinstance(one, ContactChange)]
    assert [one.before for one in changes[:3]] == [None, IDLE, ACTIVE]
    assert {one.contact for one in changes} == {""}


@pytest.mark.parametrize(
    ("pull", "resistor", "open_level"),
    [("up", "PULL_UP", 1), ("down", "PULL_DOWN", 0), ("outside-up", "DISABLED", 1), ("outside-down", "DISABLED", 0)],
)
@pytest.mark.parametrize("normally", ["open", "closed"])
async def test_what_is_active_follows_from_the_wiring(
    chip: GpioChip, normally: str, pull: str, resistor: str, open_level: int
) -> None:
    chip.drive(LINE, open_level)
    async with kept_reading(gpio_contact, settings(chip, normally=normally, pull=Pull(pull))) as kept:
        await until(lambda: kept.readings)
        assert chip.pull(LINE) == resistor
        chip.drive(LINE, 1 - open_level)
        await until(lambda: len(kept.readings) == 2)
    assert words(kept.readings) == (["idle", "active"] if normally == "open" else ["active", "idle"])


async def test_spikes_are_no_readings_but_are_counted(chip: GpioChip) -> None:
    Contact(chip, LINE, closed=False)
    async with kept_reading(gpio_contact, settings(chip)) as kept:
        await until(lambda: kept.readings)
        for count in range(1, 4):
            chip.glitch(LINE)
            await until(lambda count=count: kept.station.counters.garbled == count)
        assert words(kept.readings) == ["idle"]


async def test_each_press_is_a_report(chip: GpioChip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.sensors.press.AGAIN_NS", 0)
    button = Contact(chip, LINE, closed=False)
    async with kept_reading(gpio_contact, settings(chip, role=Role.BUTTON)) as kept:
        await until(lambda: words(kept.readings) == ["idle"])
        for presses in (1, 2):
            button.move(closed=True)
            await until(lambda presses=presses: words(kept.readings) == ["idle"] + ["pressed"] * presses)
            await button.release()


async def test_a_person_presses_for_a_moment(chip: GpioChip) -> None:
    button = Contact(chip, LINE, closed=False)
    async with kept_reading(gpio_contact, settings(chip, role=Role.BUTTON)) as kept:
        await until(lambda: words(kept.readings) == ["idle"])
        await button.press()
        await until(lambda: words(kept.readings) == ["idle", "pressed"])


async def test_a_loose_wire_is_flapping(chip: GpioChip) -> None:
    contact = Contact(chip, LINE, closed=False)
    async with kept_reading(gpio_contact, settings(chip)) as kept:
        await until(lambda: words(kept.readings) == ["idle"])
        chattering = asyncio.create_task(contact.chatter(20.0))
        await until(lambda: words(kept.readings)[-1] == "flapping")
        chattering.cancel()
        await asyncio.gather(chattering, return_exceptions=True)


async def test_a_button_that_is_held_at_the_start_is_no_report(chip: GpioChip) -> None:
    button = Contact(chip, LINE, closed=True)
    async with kept_reading(gpio_contact, settings(chip, role=Role.BUTTON)) as kept:
        await until(lambda: kept.readings)
        await button.release()
        button.move(closed=True)
        await until(lambda: words(kept.readings)[-1] == "pressed")
        assert words(kept.readings) == ["idle", "pressed"]


async def test_a_pulled_adapter_is_told_and_taken_up_again_as_it_is_then(chip: GpioChip) -> None:
    contact = Contact(chip, LINE, closed=False)
    async with kept_reading(gpio_contact, settings(chip)) as kept:
        await until(lambda: kept.readings)
        chip.unplug()
        await until(lambda: not kept.works())
        contact.move(closed=True)
        chip.plug()
        await until(lambda: words(kept.readings)[-1] == "active")
    assert kept.states == ["working", "P-204", "P-201", "working"] or kept.states == ["working", "P-204", "working"]


def test_probe_tells_who_has_the_line(chip: GpioChip) -> None:
    assert gpio_contact.probe(settings(chip)).verdict is Verdict.OK
    chip.hold(LINE, "leds-gpio")
    found = gpio_contact.probe(settings(chip))
    assert (found.verdict, found.code) == (Verdict.FAILED, "P-202")
    assert "leds-gpio" in found.what


def test_it_claims_its_line_alone() -> None:
    assert settings().claims == (("/dev/gpiochip0", "line 17"),)
    assert Settings(line=LINE, normally="open").claims == (("/dev/header", "line 17"),)


# --- over long times --------------------------------------------------------------------------------------------


class Wire:
    """A line whose contact moves at these seconds, on a clock that moves only when somebody waits."""

    def __init__(self, clock: FastClock, moves: list[tuple[float, bool]]) -> None:
        self._clock = clock
        self._begin_ns = clock.up_ns
        self._moves = deque(moves)
        self._closed = False

    @property
    def now_s(self) -> float:
        return (self._clock.up_ns - self._begin_ns) / 1e9

    def look(self) -> Look:
        moved = False
        while self._moves and self._moves[0][0] <= self.now_s:
            self._closed, moved = self._moves.popleft()[1], True
        return Look(not self._closed, moved)  # a contact to ground

    async def edge(self, within_s: float) -> None:
        next_s = self._moves[0][0] - self.now_s if self._moves else within_s
        await self._clock.sleep(max(0.0, min(next_s, within_s)))


async def watch(role: Role, moves: list[tuple[float, bool]], until_s: float) -> list[tuple[float, str]]:
    clock = FastClock()
    wire = Wire(clock, moves)
    source = GpioContact(wire, settings(role=role), clock)  # type: ignore[arg-type]
    told: list[tuple[float, str]] = []

    async def read() -> None:
        async for reading in source:
            told.append((round(wire.now_s, 1), *words([reading])))

    task = asyncio.create_task(read())
    while wire.now_s < until_s and not task.done():
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return told


def every(step_s: float, begin_s: float, end_s: float) -> list[tuple[float, bool]]:
    """It moves all the time, and is open in the end."""
    count = round((end_s - begin_s) / step_s)
    return [(begin_s + n * step_s, n % 2 == 0) for n in range(count + count % 2)]


async def test_a_button_that_jams_is_one_report_and_then_a_fault_until_it_is_free() -> None:
    told = await watch(Role.BUTTON, [(10, True), (600, False), (700, True), (701, False)], 800)
    assert told == [(0.0, "idle"), (10.1, "pressed"), (40.1, "short"), (600.0, "idle"), (700.1, "pressed")]


async def test_a_button_that_jams_while_it_is_normally_closed_is_cut() -> None:
    clock = FastClock()
    source = GpioContact(Wire(clock, []), settings(role=Role.BUTTON, normally="closed"), clock)  # type: ignore[arg-type]
    readings = aiter(source)
    found = [await anext(readings), await anext(readings)]
    assert words(found) == ["idle", "cut"]  # found open: no report, and after half a minute a fault
    assert [one.contact for one in found if isinstance(one, ContactChange)] == [BUTTON, BUTTON]


async def test_a_loose_wire_at_a_button_is_flapping_and_no_reports() -> None:
    told = await watch(Role.BUTTON, every(0.015, 10, 600), 650)
    assert told == [(0.0, "idle"), (12.0, "flapping"), (605.0, "idle")]


async def test_a_slow_chatter_at_a_button_is_a_few_reports_and_then_a_fault() -> None:
    told = await watch(Role.BUTTON, every(0.5, 10, 600), 650)
    assert [word for _, word in told] == ["idle", "pressed", "flapping", "idle"]


async def test_a_loose_wire_at_a_contact_is_flapping_until_it_is_quiet() -> None:
    told = await watch(Role.CONTACT, every(0.015, 10, 3_600), 3_700)
    assert [word for _, word in told] == ["idle", "flapping", "idle"]
    assert told[-1][0] == pytest.approx(3_605, abs=0.2)


async def test_two_days_of_a_door() -> None:
    moves = every(60, 60, 172_800)
    told = await watch(Role.CONTACT, moves, 172_900)
    assert len(told) == 1 + len(moves)
    assert {word for _, word in told} == {"idle", "active"}
