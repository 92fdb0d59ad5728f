"""Lamps and buzzers on the simulated chip: each pattern by the pins, the newest light, all off at both ends, and
after the process was killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from drivers.driver import Driver, Verdict
from drivers.errors import DeviceError
from drivers.readings import Light, Reading
from drivers.signals import gpio_signal
from drivers.signals.gpio_signal import PATTERNS, STEP_S, GpioSignal, Settings
from simulator import stand_in
from simulator.gpio_chip import GpioChip
from tests.clock import FastClock
from tests.drivers.gpio_peer import simulated_chip
from tests.drivers.supervised import PATIENCE_S, until
from tests.secrets import no_secrets

_: Driver[Settings, Reading] = gpio_signal

PINS = {"green": 22, "red": 23, "yellow": 24, "buzzer": 25, "siren": 5}
ROOT = Path(__file__).parents[3]


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[GpioChip]:
    with simulated_chip(tmp_path, PINS.values()) as chip:
        yield chip


class PacedClock(FastClock):
    """Remembers what the pins showed in each step."""

    def __init__(self, chip: GpioChip) -> None:
        super().__init__()
        self._chip = chip
        self.shown: list[str] = []

    async def sleep(self, seconds: float) -> None:
        assert seconds == STEP_S
        self.shown.append(on(self._chip))
        await super().sleep(seconds)

    async def steps(self, count: int) -> None:
        """Wait for so many more."""
        goal = len(self.shown) + count
        while len(self.shown) < goal:
            await asyncio.sleep(0)


def on(chip: GpioChip) -> str:
    """The pins that are high, by their first letters: "gb" is green and buzzer."""
    return "".join(name[0] for name, pin in PINS.items() if chip.level(pin))


def runs(shown: list[str]) -> list[tuple[str, int]]:
    """What was shown, and for how many steps."""
    found: list[tuple[str, int]] = []
    for one in shown:
        if found and found[-1][0] == one:
            found[-1] = (one, found[-1][1] + 1)
        else:
            found.append((one, 1))
    return found


@asynccontextmanager
async def lamp(chip: GpioChip, clock: FastClock, **words: object) -> AsyncIterator[GpioSignal]:
    """An open lamp whose iteration runs."""
    given: dict[str, object] = {"chip": str(chip.folder), **(words or PINS)}
    async with gpio_signal.connect(Settings(**given), clock, no_secrets) as source:  # type: ignore[arg-type]

        async def read() -> None:
            async for _ in source:
                raise AssertionError("a lamp reads nothing")

        task = asyncio.create_task(read())
        try:
            yield source
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


BEEP = [("rb", 3), ("r", 3)]
SHOWN = [
    (Light.ACCEPTED, [("gb", 2), ("g", 18)]),  # a second
    (Light.REFUSED, [*BEEP, *BEEP, ("rb", 3), ("r", 25)]),
    (Light.READY, [("yb", 2), ("y", 298)]),
    (Light.UNKNOWN, [("rb", 16), ("", 4), ("r", 4), ("", 4), ("r", 4), ("", 4), ("r", 4)]),
    (Light.ALARM, [("rbs", 5), ("s", 5)] * 4),
    (Light.ALERT, [("rb", 5), ("", 5)] * 4),
    (Light.DRILL, [("yb", 2), ("y", 38)]),
    (Light.WAIT, [("yb", 8), ("", 5), ("y", 5), ("", 5), ("y", 5), ("", 5), ("y", 5), ("", 2)]),
]


@pytest.mark.parametrize(("light", "shown"), SHOWN)
async def test_a_light_is_its_pattern_and_then_dark(chip: GpioChip, light: Light, shown: list[tuple[str, int]]) -> None:
    clock = PacedClock(chip)
    async with lamp(chip, clock) as source:
        await source.show(light)
        assert on(chip) == shown[0][0]  # at once: before any waiting
        await until(lambda: len(clock.shown) == sum(steps for _, steps in shown) and on(chip) == "")
        assert runs(clock.shown) == shown


def test_every_light_has_a_pattern_that_is_over_soon() -> None:
    assert set(PATTERNS) == set(Light)
    for light, pattern in PATTERNS.items():
        assert 0.9 <= sum(part.steps for part in pattern) * STEP_S <= (15 if light is Light.READY else 2.01)
    others = [part for light, pattern in PATTERNS.items() for part in pattern if light is not Light.ACCEPTED]
    assert all("green" not in part.on for part in others)  # what is not on disk is never green


async def test_the_newest_light_wins(chip: GpioChip) -> None:
    clock = PacedClock(chip)
    async with lamp(chip, clock) as source:
        await source.show(Light.REFUSED)
        await clock.steps(10)
        await source.show(Light.ACCEPTED)
        assert on(chip) == "gb"
        before = len(clock.shown)
        await until(lambda: on(chip) == "")
        assert runs(clock.shown[before:]) == [("gb", 2), ("g", 18)]


async def test_the_same_light_again_begins_again(chip: GpioChip) -> None:
    """Each child hears a beep of its own."""
    clock = PacedClock(chip)
    async with lamp(chip, clock) as source:
        for _ in range(3):
            await source.show(Light.ACCEPTED)
            await clock.steps(6)
        assert [one for one, _ in runs(clock.shown)] == ["gb", "g"] * 3


async def test_what_has_no_line_stays_dark(chip: GpioChip) -> None:
    async with lamp(chip, FastClock(), green=22) as source:
        for light in (Light.REFUSED, Light.WAIT):
            await source.show(light)
            assert on(chip) == ""
        await source.show(Light.ACCEPTED)
        assert on(chip) == "g"


async def test_a_board_that_wants_ground(chip: GpioChip) -> None:
    async with lamp(chip, FastClock(), green=22, active_high=False) as source:
        assert chip.level(22) == 1
        await source.show(Light.ACCEPTED)
        assert chip.level(22) == 0
    assert chip.level(22) == 1


async def test_all_lines_are_off_at_the_start_and_at_the_end(chip: GpioChip) -> None:
    for pin in PINS.values():
        chip.drive(pin, 1)
    async with lamp(chip, FastClock()) as source:
        assert on(chip) == ""
        await source.show(Light.REFUSED)
        assert on(chip) == "rb"
    assert on(chip) == ""


async def test_a_lamp_that_is_gone_says_so_when_it_is_needed(chip: GpioChip) -> None:
    async with lamp(chip, FastClock()) as source:
        chip.unplug()
        with pytest.raises(DeviceError) as caught:
            await source.show(Light.ACCEPTED)
        assert caught.value.code == "P-204"


async def test_a_lamp_that_goes_while_it_shows_ends_its_iteration(chip: GpioChip) -> None:
    """So the supervisor learns of it and connects again."""
    async with gpio_signal.connect(Settings(chip=str(chip.folder), red=23), FastClock(), no_secrets) as source:
        await source.show(Light.REFUSED)
        chip.unplug()
        with pytest.raises(DeviceError) as caught:
            await anext(aiter(source))
        assert caught.value.code == "P-204"


SHOW_AND_WAIT = """
import asyncio, sys
from agent.clock import SystemClock
from drivers.readings import Light
from drivers.signals import gpio_signal

async def main():
    settings = gpio_signal.Settings(chip=sys.argv[1], red=23)
    async with gpio_signal.connect(settings, SystemClock(), None) as lamp:
        await lamp.show(Light.REFUSED)
        print("lit", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_after_a_kill_the_lines_are_free_and_the_next_start_switches_them_off(chip: GpioChip) -> None:
    paths = os.pathsep.join([str(Path(stand_in.__file__).parent), str(ROOT)])
    words = [sys.executable, "-c", SHOW_AND_WAIT, str(chip.folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env={"PYTHONPATH": paths}, cwd=ROOT) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"lit\n"
        assert on(chip) == "r"
        child.send_signal(signal.SIGKILL)
        child.wait(PATIENCE_S)
    async with lamp(chip, FastClock(), red=23):
        assert on(chip) == ""


async def test_in_its_cell_it_shows_lights_and_begins_dark_after_the_cell_was_killed() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(stand_in.__file__).parent)}
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm") as folder,  # a cell may write to devices only
        simulated_chip(Path(folder), PINS.values()) as chip,
    ):
        settings = Settings(chip=str(chip.folder), **PINS)
        config = SourceConfig(name="lamp-1", kind="signal", driver="gpio_signal", settings=settings, places={})
        async with Cells([config], SystemClock(), environment) as cells:
            driver, cell = cells.driver(config), cells.cell("lamp-1")
            assert cell is not None
            async with driver.connect(settings, SystemClock(), no_secrets) as remote:
                await remote.show(Light.REFUSED)
                assert on(chip) == "rb"
                assert cell.life is not None
                cell.life.kill("U-101", "by the test")
                with pytest.raises(DeviceError, match="U-101"):
                    await anext(aiter(remote))
            async with driver.connect(settings, SystemClock(), no_secrets):
                assert on(chip) == ""


def test_probe_switches_nothing_and_tells_who_has_a_line(chip: GpioChip) -> None:
    settings = Settings(chip=str(chip.folder), **PINS)
    chip.drive(22, 1)
    assert gpio_signal.probe(settings).verdict is Verdict.OK
    assert on(chip) == "g"
    chip.hold(24, "spi0 CS0")
    found = gpio_signal.probe(settings)
    assert (found.verdict, found.code) == (Verdict.FAILED, "P-202")


@pytest.mark.parametrize(("words", "says"), [({}, "at least one"), ({"green": 5, "red": 5}, "one line")])
def test_settings_that_make_no_lamp_are_refused(words: dict[str, int], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(words, Settings)


def test_it_claims_its_lines_alone() -> None:
    assert Settings(green=5, buzzer=6).claims == (("/dev/header", "line 5"), ("/dev/header", "line 6"))
