"""A simulated GPIO chip where the drivers look for the kernel's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers import gpio_lines
from simulator.gpio_chip import GpioChip
from simulator.stand_in import gpiod


@contextmanager
def simulated_chip(folder: Path, lines: Iterable[int]) -> Iterator[GpioChip]:
    """Plugged in; gone at the end. The drivers' library is the stand-in meanwhile."""
    chip = GpioChip(folder / "gpiochip", lines)
    chip.plug()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gpio_lines, "gpiod", gpiod)
        yield chip
    chip.unplug()
