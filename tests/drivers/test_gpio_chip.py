"""A line of a chip is one claim, whichever way the chip is named."""

from __future__ import annotations

import pytest

from drivers.gpio_chip import claimed


@pytest.mark.parametrize(
    ("chip", "place"),
    [("header", "/dev/header"), ("gpiochip4", "/dev/gpiochip4"), ("/dev/gpiochip4", "/dev/gpiochip4")],
)
def test_a_line_is_claimed_at_its_chip(chip: str, place: str) -> None:
    assert claimed(chip, [17, 27]) == ((place, "line 17"), (place, "line 27"))
    assert claimed(chip, []) == ()
