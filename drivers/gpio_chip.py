"""Which GPIO chip a device hangs on, as the configuration says it; without the library, which only a cell loads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

HEADER = "header"
Chip = Annotated[
    str,
    Meta(description="header: the 40 pins of a Raspberry Pi; or another chip's path", examples=[HEADER], min_length=1),
]


def claimed(chip: str, lines: Iterable[int]) -> tuple[tuple[str, str], ...]:
    """What devices on these lines need for themselves alone: drivers/catalog.py."""
    place = chip if chip.startswith("/") else f"/dev/{chip}"
    return tuple((place, f"line {line}") for line in lines)
