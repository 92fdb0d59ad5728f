"""The GPIO drivers and the true gpiod against the kernel's simulated chip: `make test-gpio`.

It runs as the first program of a kernel of its own (tests/gpio/init). What it cannot show is hardware.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import gpiod

from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from drivers.driver import Verdict
from drivers.gpio_lines import can_take, find_chip, open_outputs
from drivers.readings import ContactChange, Light, Reading
from drivers.sensors import gpio_contact
from drivers.sensors.gpio_contact import Pull, Role
from drivers.signals import gpio_signal
from tests.drivers.supervised import Kept, kept_reading, open_files, until
from tests.secrets import no_secrets

CONFIG = Path("/sys/kernel/config/gpio-sim/box")
LINES = 28
GREEN, RED, YELLOW, BUZZER = 22, 23, 24, 25


class Chip:
    """The kernel's gpio-sim: what is wired to its lines, and what a meter would show."""

    def __init__(self) -> None:
        CONFIG.mkdir()
        (CONFIG / "bank").mkdir()
        (CONFIG / "bank" / "num_lines").write_text(str(LINES))
        (CONFIG / "bank" / "label").write_text("pinctrl-bcm2711")

    def live(self, on: bool) -> None:
        (CONFIG / "live").write_text("1" if on else "0")

    def _file(self, line: int, name: str) -> Path:
        device, bank = (CONFIG / "dev_name").read_text().strip(), (CONFIG / "bank" / "chip_name").read_text().strip()
        return Path(f"/sys/devices/platform/{device}/{bank}/sim_gpio{line}/{name}")

    def drive(self, line: int, level: int) -> None:
        self._file(line, "pull").write_text("pull-up" if level else "pull-down")

    def level(self, line: int) -> int:
        return int(self._file(line, "value").read_text())

    def pull(self, line: int) -> str:
        return self._file(line, "pull").read_text().strip()


def words(readings: list[Reading]) -> list[str]:
    return [one.state.value if isinstance(one, ContactChange) else "pressed" for one in readings]


def contact(**more: object) -> gpio_contact.Settings:
    return gpio_contact.Settings(**({"line": 17, "normally": "open"} | more))  # type: ignore[arg-type]


LAMP = gpio_signal.Settings(green=GREEN, red=RED, yellow=YELLOW, buzzer=BUZZER)


async def the_header_is_found_by_its_label(chip: Chip) -> None:
    assert find_chip("header").startswith("/dev/gpiochip")
    assert gpio_contact.probe(contact()).verdict is Verdict.OK


async def a_contact_is_idle_and_active(chip: Chip) -> None:
    async with kept_reading(gpio_contact, contact()) as kept:
        await until(lambda: words(kept.readings) == ["idle"])  # the kernel's pull-up, nothing wired
        assert chip.pull(17) == "pull-up"
        chip.drive(17, 0)
        took_s = await until(lambda: len(kept.readings) == 2)
        chip.drive(17, 1)
        await until(lambda: words(kept.readings) == ["idle", "active", "idle"])
        print(f"    an edge was told after {took_s * 1e3:.0f} ms, of which 20 are to settle")


async def the_other_pulls_are_asked_for(chip: Chip) -> None:
    async with kept_reading(gpio_contact, contact(pull=Pull.DOWN, normally="closed")) as kept:
        await until(lambda: words(kept.readings) == ["active"])  # open: a cut wire
        assert chip.pull(17) == "pull-down"
        chip.drive(17, 1)
        await until(lambda: words(kept.readings) == ["active", "idle"])


async def spikes_are_noise(chip: Chip) -> None:
    async with kept_reading(gpio_contact, contact()) as kept:
        await until(lambda: kept.readings)
        chip.drive(17, 0)
        chip.drive(17, 1)
        await until(lambda: kept.station.counters.garbled == 1)
        assert words(kept.readings) == ["idle"]


async def a_press_is_a_report(chip: Chip) -> None:
    async with kept_reading(gpio_contact, contact(role=Role.BUTTON)) as kept:
        await until(lambda: words(kept.readings) == ["idle"])
        chip.drive(17, 0)
        await until(lambda: words(kept.readings) == ["idle", "pressed"])
        chip.drive(17, 1)


async def a_storm_of_edges_is_flapping_and_then_the_truth(chip: Chip) -> None:
    edges, stop = 0, threading.Event()

    def storm() -> None:
        nonlocal edges
        while not stop.is_set():
            chip.drive(17, edges % 2)
            edges += 1

    async with kept_reading(gpio_contact, contact()) as kept:
        await until(lambda: kept.readings)
        thread = threading.Thread(target=storm)
        thread.start()
        try:
            await until(lambda: words(kept.readings)[-1] == "flapping")
        finally:
            stop.set()
            thread.join()
        chip.drive(17, 0)
        await until(lambda: words(kept.readings)[-1] == "active")
        assert words(kept.readings) == ["idle", "flapping", "active"]
        print(f"    {edges} edges")


async def a_chip_that_is_pulled_is_told_and_taken_up_again(chip: Chip) -> None:
    async with kept_reading(gpio_contact, contact()) as kept, kept_reading(gpio_signal, LAMP) as lamp:
        await until(lambda: kept.readings and lamp.works())
        chip.live(False)
        await until(lambda: not kept.works() and not lamp.works(), within_s=4)
        chip.live(True)
        took_s = await until(lambda: kept.works() and lamp.works())
        assert took_s < 2, took_s
        assert {kept.states[1], lamp.states[1]} <= {"P-204", "P-201"}


async def who_has_a_line_is_named(chip: Chip) -> None:
    with gpiod.Chip(find_chip("header")) as one:
        other = one.request_lines({17: None}, consumer="spi0 CS0")
    found = gpio_contact.probe(contact())
    assert (found.code, "spi0 CS0" in found.what) == ("P-202", True)
    async with kept_reading(gpio_contact, contact()) as kept:
        await until(lambda: kept.states == ["P-202"])
    other.release()
    assert can_take("header", [17]) is None
    error_of_line = can_take("header", [LINES])
    assert error_of_line is not None
    assert error_of_line.code == "P-205"


async def a_lamp_is_off_lit_and_off(chip: Chip) -> None:
    pins = (GREEN, RED, YELLOW, BUZZER)
    async with kept_lamp() as lamp:
        assert [chip.level(pin) for pin in pins] == [0, 0, 0, 0]
        await lamp.show(Light.ACCEPTED)
        assert [chip.level(pin) for pin in pins] == [1, 0, 0, 1]
        await until(lambda: [chip.level(pin) for pin in pins] == [1, 0, 0, 0])
        await until(lambda: [chip.level(pin) for pin in pins] == [0, 0, 0, 0])
        await lamp.show(Light.REFUSED)
        assert [chip.level(pin) for pin in pins] == [0, 1, 0, 1]
    assert [chip.level(pin) for pin in pins] == [0, 0, 0, 0]
    async with open_outputs("header", [GREEN], active_high=False) as board:
        assert chip.level(GREEN) == 1
        board.switch([GREEN])
        assert chip.level(GREEN) == 0


@asynccontextmanager
async def kept_lamp() -> AsyncIterator[gpio_signal.GpioSignal]:
    """An open lamp whose iteration runs."""
    async with gpio_signal.connect(LAMP, SystemClock(), no_secrets) as lamp:

        async def play() -> None:
            async for _ in lamp:
                pass

        task = asyncio.create_task(play())
        try:
            yield lamp
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


SHOW_AND_WAIT = """
import asyncio
from agent.clock import SystemClock
from drivers.readings import Light
from drivers.signals import gpio_signal
async def main():
    async with gpio_signal.connect(gpio_signal.Settings(red=23), SystemClock(), None) as lamp:
        await lamp.show(Light.REFUSED)
        print("lit", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def after_a_kill_the_line_is_free_and_the_next_start_switches_it_off(chip: Chip) -> None:
    with subprocess.Popen([sys.executable, "-c", SHOW_AND_WAIT], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"lit\n"
        assert chip.level(RED) == 1
        child.send_signal(signal.SIGKILL)
        child.wait()
    print(f"    after the kill the pin shows {chip.level(RED)} here; a Raspberry Pi's chip is another")
    assert can_take("header", [RED]) is None
    async with kept_lamp():
        assert chip.level(RED) == 0


async def in_its_cell_a_contact_reads_with_a_cells_rights(chip: Chip) -> None:
    config = SourceConfig(name="door", kind="sensor", driver="gpio_contact", settings=contact(), places={})
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ["PYTHONPATH"]}
    async with (
        Cells([config], SystemClock(), environment) as cells,
        kept_reading(cells.driver(config), contact()) as kept,
    ):
        await until(lambda: words(kept.readings) == ["idle"])
        chip.drive(17, 0)
        await until(lambda: words(kept.readings) == ["idle", "active"])
        await cell_dies(cells, kept)
        chip.drive(17, 1)
        await until(lambda: words(kept.readings)[-1] == "idle")


async def cell_dies(cells: Cells, kept: Kept) -> None:
    cell = cells.cell("door")
    assert cell is not None
    assert cell.life is not None
    cell.life.kill("U-101", "by the check")
    await until(lambda: "U-101" in kept.states and kept.works())


async def fifty_connections_leave_nothing_open(chip: Chip) -> None:
    before = open_files()
    for _ in range(50):
        async with gpio_contact.connect(contact(), SystemClock(), no_secrets), kept_lamp():
            pass
    assert open_files() == before


Check = Callable[[Chip], Awaitable[None]]
CHECKS: list[Check] = [
    the_header_is_found_by_its_label,
    a_contact_is_idle_and_active,
    the_other_pulls_are_asked_for,
    spikes_are_noise,
    a_press_is_a_report,
    a_storm_of_edges_is_flapping_and_then_the_truth,
    a_chip_that_is_pulled_is_told_and_taken_up_again,
    who_has_a_line_is_named,
    a_lamp_is_off_lit_and_off,
    after_a_kill_the_line_is_free_and_the_next_start_switches_it_off,
    in_its_cell_a_contact_reads_with_a_cells_rights,
    fifty_connections_leave_nothing_open,
]


def main(part: str) -> int:
    """Each check on a chip that has just appeared. Returns how many failed."""
    chip, failed = Chip(), 0
    chosen = [check for check in CHECKS if part in check.__name__]
    for check in chosen:
        chip.live(True)
        began_s = time.monotonic()
        try:
            asyncio.run(check(chip))  # type: ignore[arg-type]
            print(f"ok    {check.__name__} ({time.monotonic() - began_s:.1f} s)", flush=True)
        except Exception:  # noqa: BLE001 - the others are run all the same
            traceback.print_exc()
            print(f"FAILED {check.__name__}", flush=True)
            failed += 1
        chip.live(False)
    print(
        f"{len(chosen) - failed} of {len(chosen)} checks passed; Linux {os.uname().release}, gpiod {gpiod.__version__}"
    )
    return min(failed, 1) if chosen else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
