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
        yield _found(path, ask(path))


def _found(path: Path, chip: Chip | None) -> Found:
    if chip is None:
        return Found(kind=Kind.CHIP, what="GPIO chip", name=str(path), sure=Sure.LIKELY, why=Why.LISTED)
    header = chip.label in HEADER
    return Found(
        kind=Kind.CHIP, name=str(path), sure=Sure.CERTAIN, why=Why.LISTED,
        what=f"{chip.label}, {chip.lines} lines: the 40-pin header" if header else f"{chip.label}, {chip.lines} lines",
    )  # fmt: skip
