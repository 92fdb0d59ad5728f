"""Card readers that type like a keyboard: which keyboards call themselves so. Opens nothing.

Names   by their USB numbers where these are of readers only, or by a word in their name; a keyboard with neither is
        shown only as possible where its maker gave it no name of a known maker of keyboards.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

from drivers.discovery import usb
from drivers.discovery.found import Found, Kind, Proposal, Sure, Why, printable, settings

READERS = {"ffff:0035", "08ff:0009", "16c0:27db", "6352:213a"}  # numbers that such readers are sold with
SAYS_READER = re.compile(r"\b(rfid|nfc|card|reader|sycreader|em4100|barcode|scanner|idcard|ic reader)\b", re.IGNORECASE)
KEYBOARD = "-event-kbd"


async def look(root: Path) -> AsyncIterator[Found]:
    """Each USB keyboard by its name in /dev/input."""
    for event, link in _links(root).items():
        yield _found(root, link, event)


def _links(root: Path) -> dict[str, Path]:
    """Each keyboard's event device, and the first of its lasting names."""
    found: dict[str, Path] = {}
    for folder in ("dev/input/by-id", "dev/input/by-path"):
        try:
            links = sorted((root / folder).iterdir())
        except OSError:
            continue
        for link in links:
            if link.name.endswith(KEYBOARD):
                found.setdefault(Path(os.path.realpath(link)).name, link)
    return found


def _found(root: Path, link: Path, event: str) -> Found:
    device = root / "sys/class/input" / event / "device"
    one = usb.above(device, root / "sys")
    words = usb.word(device / "name") or (one.words if one else printable(link.name))
    reader = one is not None and one.id in READERS
    likely = reader or SAYS_READER.search(words.replace("_", " ")) is not None
    return Found(
        kind=Kind.READER, what=f"{words} (keyboard)", name=str(link),
        sure=Sure.LIKELY if likely else Sure.POSSIBLE, why=Why.USB if reader else Why.LISTED,
        proposal=Proposal(kind="reader", driver="hid", settings=settings(device=str(link))) if likely else None,
    )  # fmt: skip
