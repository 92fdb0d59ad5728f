"""GPIO lines of the box through the kernel's character device: inputs whose edges wake the event loop, and outputs.

Chip    "header" is the chip behind the 40 pins of a Raspberry Pi, found by its label: its number differs between
        models and kernels. Anything else is the path of a chip.
Library gpiod 2, libgpiod's own binding: a request has a descriptor, so that no thread waits here.
Killed  the kernel releases the lines of a process that ends; what they show then depends on the chip
        (docs/drivers/lamps.md).
Raises  DeviceError P-201 no such chip, P-202 used by another program, P-203 no permission, P-204 the chip went away,
        P-205 a line that there is not, or that cannot do what is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal

import gpiod
import msgspec

from drivers.errors import DeviceError
from drivers.gpio_chip import HEADER

HEADER_LABELS = {"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"}  # Raspberry Pi 0 to 3, 4, 5
CONSUMER = "mektep"  # what `gpioinfo` shows as the user of our lines
EVENTS_KEPT = 64  # by the kernel; beyond it the oldest go, which look() does not mind: it asks for the level itself
READS_MOST = 8  # of a storm: what is left tells the next look that the line still moves


Bias = Literal["PULL_UP", "PULL_DOWN", "DISABLED"]  # which of the chip's own resistors holds an input


class Look(msgspec.Struct, frozen=True):
    """An input at one moment."""

    high: bool
    moved: bool  # whether there was an edge since the look before, even if it is back where it was


class InputLine:
    """An open input. Use open_input()."""

    def __init__(self, request: gpiod.LineRequest, line: int, place: str) -> None:
        self._request = request
        self._line = line
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._edge = asyncio.Event()

    def look(self) -> Look:
        """The line now. Raises DeviceError P-204."""
        moved = False
        with _still_there(self._place):
            for _ in range(READS_MOST):
                if not self._request.wait_edge_events(0):
                    break
                moved = bool(self._request.read_edge_events(EVENTS_KEPT))
            high = self._request.get_value(self._line) is gpiod.line.Value.ACTIVE
        return Look(high, moved)

    async def edge(self, within_s: float) -> None:
        """Wait for the next edge, or so long. Nothing is eaten: look() tells what happened."""
        self._edge.clear()
        self._loop.add_reader(self._request.fd, self._edge.set)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._edge.wait()
        finally:
            self._loop.remove_reader(self._request.fd)  # a line that chatters wakes us no more often than we look


class OutputLines:
    """Open outputs. Use open_outputs()."""

    def __init__(self, request: gpiod.LineRequest, lines: Collection[int], place: str) -> None:
        self._request = request
        self._lines = lines
        self._place = place

    def switch(self, on: Collection[int]) -> None:
        """These on, all others off, at one moment. Raises DeviceError P-204."""
        values = gpiod.line.Value
        with _still_there(self._place):
            self._request.set_values({line: values.ACTIVE if line in on else values.INACTIVE for line in self._lines})


@asynccontextmanager
async def open_input(chip: str, line: int, *, bias: Bias) -> AsyncIterator[InputLine]:
    """Take a line as an input with both edges. Raises DeviceError P-20x."""
    settings = gpiod.LineSettings(
        direction=gpiod.line.Direction.INPUT, edge_detection=gpiod.line.Edge.BOTH, bias=gpiod.line.Bias[bias]
    )
    with _requested(chip, [line], settings) as (request, place):
        yield InputLine(request, line, place)


@asynccontextmanager
async def open_outputs(chip: str, lines: Collection[int], *, active_high: bool) -> AsyncIterator[OutputLines]:
    """Take lines as outputs, all off, and leave them off. Raises DeviceError P-20x."""
    settings = gpiod.LineSettings(
        direction=gpiod.line.Direction.OUTPUT,
        active_low=not active_high,
        output_value=gpiod.line.Value.INACTIVE,
    )
    with _requested(chip, lines, settings) as (request, place):
        outputs = OutputLines(request, lines, place)
        try:
            yield outputs
        finally:
            with contextlib.suppress(DeviceError):  # the chip went away, and they with it
                outputs.switch(())


def can_take(chip: str, lines: Collection[int]) -> DeviceError | None:
    """Why lines cannot be taken now, or None; lines that we hold already are in order. Touches nothing."""
    try:
        path = find_chip(chip)
        with _opened(path) as one:
            for line in lines:
                _free(one, line, f"{path} line {line}")
    except DeviceError as error:
        return error
    return None


def find_chip(chip: str, devices: Path = Path("/dev")) -> str:
    """The path of a chip. Raises DeviceError P-201, P-203."""
    if chip != HEADER:
        return str(devices / chip)  # `gpiodetect` prints names; a path stays what it is
    forbidden: DeviceError | None = None
    for path in sorted(devices.glob("gpiochip*")):
        try:
            with _opened(str(path)) as one:
                if one.get_info().label in HEADER_LABELS:
                    return str(path)
        except DeviceError as error:
            forbidden = error if error.code == "P-203" else forbidden
    if forbidden is not None:  # the header may be behind it: nobody shall look for another chip
        raise forbidden
    raise DeviceError(
        "P-201", "no GPIO header of a Raspberry Pi", do='On another computer name the chip: chip = "/dev/gpiochip0".'
    )


def _free(chip: gpiod.Chip, line: int, place: str) -> None:
    """Raises DeviceError P-202, P-205."""
    try:
        info = chip.get_line_info(line)
    except (OSError, ValueError) as error:
        raise _reason(error, place) from error
    if info.used and info.consumer != CONSUMER:
        raise _held(place, info.consumer)


@contextmanager
def _opened(path: str) -> Iterator[gpiod.Chip]:
    try:
        chip = gpiod.Chip(path)
    except (OSError, ValueError) as error:  # ValueError: a path that cannot be
        raise _no_chip(error, path) from error
    with chip:
        yield chip


@contextmanager
def _requested(
    chip: str, lines: Collection[int], settings: gpiod.LineSettings
) -> Iterator[tuple[gpiod.LineRequest, str]]:
    path = find_chip(chip)
    place = f"{path} line {', '.join(map(str, lines))}"
    with _opened(path) as one:
        try:
            request = one.request_lines(dict.fromkeys(lines, settings), CONSUMER, EVENTS_KEPT)
        except (OSError, ValueError) as error:
            raise _reason(error, place) from error
    try:
        yield request, place
    finally:
        request.release()


@contextmanager
def _still_there(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DeviceError(
            "P-204",
            f"{place} went away: {error}",
            do="Check the plug of the GPIO adapter; the agent retries by itself.",
        ) from error


def _no_chip(error: Exception, path: str) -> DeviceError:
    if isinstance(error, PermissionError):
        return _forbidden(path)
    return DeviceError("P-201", f"{path} is no GPIO chip: {error}", do="Run `gpiodetect`, and correct `chip`.")


def _reason(error: Exception, place: str) -> DeviceError:
    number = getattr(error, "errno", None)
    if number == errno.EBUSY:
        return _held(place, "another program")
    if isinstance(error, PermissionError):
        return _forbidden(place)
    if number == errno.ENODEV:
        return DeviceError("P-204", f"{place} went away: {error}", do="Check the plug of the GPIO adapter.")
    return DeviceError("P-205", f"{place} cannot be used so: {error}", do="Correct the line's number, or `pull`.")


def _held(place: str, holder: str) -> DeviceError:
    what = f"{place} is used by {holder or 'the kernel'}"
    return DeviceError("P-202", what, do="See `gpioinfo`; take another line, or remove what uses it from config.txt.")


def _forbidden(place: str) -> DeviceError:
    return DeviceError(
        "P-203", f"{place} may not be opened", do="Add the agent's user to the group gpio, then restart the agent."
    )
