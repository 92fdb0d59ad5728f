"""GPIO lines on the simulated chip: levels, edges, pulls, who has a line, what is left behind; and that the stand-in
is called as the true library is.
"""

from __future__ import annotations

import asyncio
import errno
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gpiod
import pytest

from drivers import gpio_lines
from drivers.errors import DeviceError
from drivers.gpio_lines import HEADER, HEADER_LABELS, Bias, can_take, find_chip, open_input, open_outputs
from simulator import stand_in
from simulator.gpio_chip import GpioChip
from simulator.stand_in import gpiod as simulated
from simulator.stand_in.gpiod import line as simulated_line
from tests.drivers.gpio_peer import simulated_chip
from tests.drivers.supervised import open_files

LINE = 17


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[GpioChip]:
    with simulated_chip(tmp_path, [LINE, 22, 23]) as chip:
        yield chip


# --- inputs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", ["PULL_UP", "PULL_DOWN", "DISABLED"])
async def test_a_level_is_read_as_it_is_with_the_resistor_that_was_asked_for(chip: GpioChip, bias: Bias) -> None:
    async with open_input(str(chip.folder), LINE, bias=bias) as line:
        assert chip.pull(LINE) == bias
        for level in (0, 1, 0):
            chip.drive(LINE, level)
            assert line.look().high is bool(level)


async def test_an_edge_wakes_and_is_told_once(chip: GpioChip) -> None:
    async with open_input(str(chip.folder), LINE, bias="PULL_UP") as line:
        assert not line.look().moved
        waiting = asyncio.create_task(line.edge(20))
        await asyncio.sleep(0)
        chip.drive(LINE, 1)
        async with asyncio.timeout(5):
            await waiting
        assert (line.look().moved, line.look().moved) == (True, False)


async def test_an_edge_before_the_wait_wakes_too_and_waiting_ends_without_one(chip: GpioChip) -> None:
    async with open_input(str(chip.folder), LINE, bias="PULL_UP") as line:
        chip.glitch(LINE)
        async with asyncio.timeout(5):
            await line.edge(20)
        look = line.look()
        assert (look.high, look.moved) == (False, True)  # there and back
        await line.edge(0.01)
        assert not line.look().moved


async def test_a_storm_of_edges_is_eaten_in_bounded_pieces(chip: GpioChip) -> None:
    async with open_input(str(chip.folder), LINE, bias="PULL_UP") as line:
        chip.glitch(LINE, 5_000)
        looks = 0
        while line.look().moved:
            looks += 1
        assert 2 <= looks <= 10_000 / gpio_lines.EVENTS_KEPT


async def test_edges_of_before_are_none_of_ours(chip: GpioChip) -> None:
    chip.glitch(LINE, 3)
    async with open_input(str(chip.folder), LINE, bias="PULL_UP") as line:
        assert not line.look().moved


async def test_an_adapter_that_is_pulled_is_p204(chip: GpioChip) -> None:
    async with open_input(str(chip.folder), LINE, bias="PULL_UP") as line:
        chip.unplug()
        async with asyncio.timeout(5):
            await line.edge(20)  # it wakes at once
        with pytest.raises(DeviceError) as caught:
            line.look()
        assert caught.value.code == "P-204"


# --- outputs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("active_high", [True, False])
async def test_outputs_begin_and_end_off(chip: GpioChip, active_high: bool) -> None:
    on, off = (1, 0) if active_high else (0, 1)
    chip.drive(22, on)
    async with open_outputs(str(chip.folder), [22, 23], active_high=active_high) as outputs:
        assert (chip.level(22), chip.level(23)) == (off, off)
        outputs.switch([23])
        assert (chip.level(22), chip.level(23)) == (off, on)
        outputs.switch([22])
        assert (chip.level(22), chip.level(23)) == (on, off)
    assert (chip.level(22), chip.level(23)) == (off, off)


async def test_outputs_of_a_pulled_adapter_are_p204_and_closing_them_is_quiet(chip: GpioChip) -> None:
    async with open_outputs(str(chip.folder), [22], active_high=True) as outputs:
        chip.unplug()
        with pytest.raises(DeviceError) as caught:
            outputs.switch([22])
        assert caught.value.code == "P-204"


# --- who has it -----------------------------------------------------------------------------------------------


async def test_a_line_is_ours_alone_and_free_afterwards(chip: GpioChip) -> None:
    before = open_files()
    async with open_input(str(chip.folder), LINE, bias="PULL_UP"):
        with pytest.raises(DeviceError) as caught:
            async with open_outputs(str(chip.folder), [22, LINE], active_high=True):
                pass
        assert caught.value.code == "P-202"
        async with open_outputs(str(chip.folder), [22], active_high=True):  # nothing was kept of the refused one
            assert can_take(str(chip.folder), [LINE, 22]) is None  # ours are in order
    assert open_files() == before


async def test_what_the_kernel_uses_itself_is_p202_by_name(chip: GpioChip) -> None:
    chip.hold(LINE, "spi0 CS0")
    found = can_take(str(chip.folder), [LINE])
    assert found is not None
    assert (found.code, "spi0 CS0" in found.what) == ("P-202", True)
    with pytest.raises(DeviceError, match="P-202"):
        async with open_input(str(chip.folder), LINE, bias="PULL_UP"):
            pass
    chip.hold(LINE, "")
    assert can_take(str(chip.folder), [LINE]) is None


REASONS = [
    (OSError(errno.EBUSY, ""), "P-202"),
    (PermissionError(errno.EACCES, ""), "P-203"),
    (PermissionError(errno.EPERM, ""), "P-203"),
    (OSError(errno.ENODEV, ""), "P-204"),
    (OSError(errno.EINVAL, ""), "P-205"),
    (OSError(errno.ENXIO, ""), "P-205"),  # a line without interrupts, from the kernel's gpio-sim
    (OSError(524, "ENOTSUPP"), "P-205"),  # a chip without pull resistors
    (ValueError("line offset of out range"), "P-205"),
]


@pytest.mark.parametrize(("error", "code"), REASONS)
async def test_each_refusal_of_the_kernel_has_its_code(
    chip: GpioChip, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(simulated.Chip, "request_lines", refuse)
    monkeypatch.setattr(simulated.Chip, "get_line_info", refuse)
    found = can_take(str(chip.folder), [LINE])
    assert found is not None
    assert (found.code, found.do.endswith(".")) == (code, True)
    with pytest.raises(DeviceError) as caught:
        async with open_input(str(chip.folder), LINE, bias="PULL_UP"):
            pass
    assert caught.value.code == code


# --- which chip -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/dev/null", "/dev/no-such-chip", "/", "", "\0", "/etc/hostname"])
def test_what_is_no_chip_is_p201_with_the_true_library(path: str) -> None:
    found = can_take(path, [LINE])
    assert found is not None
    assert found.code == "P-201"


@pytest.mark.parametrize("label", sorted(HEADER_LABELS))
def test_the_header_is_found_by_its_label_whatever_its_number(tmp_path: Path, label: str) -> None:
    with simulated_chip(tmp_path, [LINE]):
        for number, name in ((0, "brcmvirt-gpio"), (4, label), (10, "gpio-expander")):
            GpioChip(tmp_path / f"gpiochip{number}", [LINE], label=name).plug()
        (tmp_path / "gpiochip1").write_text("no chip at all")
        assert find_chip(HEADER, tmp_path) == str(tmp_path / "gpiochip4")


def test_a_computer_without_a_header_is_p201(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        find_chip(HEADER, tmp_path)
    assert caught.value.code == "P-201"


# --- the stand-in -----------------------------------------------------------------------------------------------


def test_the_stand_in_has_nothing_that_the_library_has_not() -> None:
    """A call that the stand-in takes must be one that gpiod takes, by the same names."""
    for name in ("Chip", "LineSettings", "LineRequest"):
        ours, true = getattr(simulated, name), getattr(gpiod, name)
        for method in [one for one in vars(ours) if not one.startswith("_")] + ["__init__"] * (name != "LineRequest"):
            known = list(inspect.signature(getattr(true, method)).parameters)
            asked = list(inspect.signature(getattr(ours, method)).parameters)
            positional = [one for one in asked if one != "self"]
            if name == "LineSettings":
                assert set(asked) <= set(known)
            else:
                assert len(positional) <= len(known) - 1, (name, method)
    for name in ("Value", "Direction", "Edge", "Bias"):
        ours, true = getattr(simulated_line, name), getattr(gpiod.line, name)
        assert {one.name for one in ours} <= {one.name for one in true}
    assert callable(gpiod.Chip.get_info)
    assert isinstance(gpiod.LineRequest.fd, property)
    assert {"used", "consumer"} <= set(gpiod.LineInfo.__dataclass_fields__)
    assert "label" in gpiod.ChipInfo.__dataclass_fields__


def test_an_agent_with_the_stand_ins_folder_on_its_path_finds_it() -> None:
    """So the demo runs: the agent is unchanged."""
    folder = str(Path(stand_in.__file__).parent)
    told = "import drivers.gpio_lines as lines; print(lines.gpiod.__file__)"
    paths = os.pathsep.join([folder, str(Path(stand_in.__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-c", told], env={"PYTHONPATH": paths}, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(folder)


def test_a_header_that_may_not_be_opened_is_p203_not_another_computer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with simulated_chip(tmp_path, [LINE]):
        (tmp_path / "gpiochip1").write_text("no chip at all")
        monkeypatch.setattr(simulated.Chip, "get_info", lambda _: simulated.ChipInfo("gpio-expander"))
        with pytest.raises(DeviceError, match="P-201"):
            find_chip(HEADER, tmp_path)
        monkeypatch.setattr(simulated.Chip, "__init__", refuse)
        with pytest.raises(DeviceError, match="P-203"):
            find_chip(HEADER, tmp_path)


@pytest.mark.parametrize(("chip", "path"), [("gpiochip4", "/dev/gpiochip4"), ("/dev/gpiochip4", "/dev/gpiochip4")])
def test_a_chip_may_be_named_as_gpiodetect_prints_it(chip: str, path: str) -> None:
    assert find_chip(chip) == path
