"""GPIO chips: their labels and how many lines each has. Asks the kernel for its description; touches no line.

Shape   linux/gpio.h: GPIO_GET_CHIPINFO_IOCTL gives name (32 bytes), label (32 bytes), lines (u32).
Wiring  the 40-pin header of a Pi is the chip labelled pinctrl-rp1 (Pi 5) or pinctrl-bcm2711, pinctrl-bcm2835.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from drivers.discovery.found import Found, Kind, Sure, Why, printable

INFO = struct.Struct("=32s32sI")
GET_CHIPINFO = 2 << 30 | INFO.size << 16 | 0xB4 << 8 | 0x01
HEADER = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")


class Chip(msgspec.Struct, frozen=True):
    """What the kernel says of a chip."""

    name: str
    label: str
    lines: int


def described(data: bytes) -> Chip:
    """The kernel's description."""
    name, label, lines = INFO.unpack(data)
    return Chip(_text(name), _text(label), lines)


def _text(data: bytes) -> str:
    return printable(data.split(b"\0")[0].decode(errors="replace"))


def ask(path: Path) -> Chip | None:
    """Opens the chip to read its description. None if this user may not, or if it is no chip."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        data = bytearray(INFO.size)
        fcntl.ioctl(handle, GET_CHIPINFO, data)
        return described(bytes(data))
    except OSError:
        return None
    finally:
        os.close(handle)


async def look(root: Path) -> AsyncIterator[Found]:
    """Each chip; several names of one chip are one."""
    try:
        paths = sorted((root / "dev").glob("gpiochip*"))
    except OSError:
        return
    for path in paths:
        if path.is_symlink():
            continue  # Raspberry Pi OS keeps an old name of the header's chip beside the new one
        chip = ask(path)
        words = f"{chip.label}, {chip.lines} lines" if chip else "GPIO chip"
        header = chip is not None and chip.label in HEADER
        yield Found(
            kind=Kind.CHIP, what=f"{words}: the 40-pin header" if header else words, name=str(path),
            sure=Sure.CERTAIN if chip else Sure.LIKELY, why=Why.LISTED,
        )  # fmt: skip
