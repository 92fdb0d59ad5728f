"""Card readers that type like a keyboard: which keyboards call themselves so, and what one types when a card is shown.

Look    by USB numbers that only readers have, or by a word in the name; other keyboards are no more than possible.
Listen  the digits that were typed tell the format, hardly ever which number it is; they are not kept.
Raises  nothing: what a keyboard cannot do is told as found.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from drivers.discovery import holders, usb
from drivers.discovery.found import Found, Kind, Proposal, Setting, Sure, Tick, Why, printable, settings
from drivers.discovery.kernel_files import inside
from drivers.driver import Clock
from drivers.errors import DeviceError
from drivers.key_device import KeyDevice, KeyEvent, open_device

READERS = {"ffff:0035", "08ff:0009", "16c0:27db", "6352:213a"}  # numbers that such readers are sold with
SAYS_READER = re.compile(r"\b(rfid|nfc|card|reader|sycreader|em4100|barcode|scanner|idcard|ic reader)\b", re.IGNORECASE)
KEYBOARD = "-event-kbd"
TYPED = (  # what is typed -> format, form
    (re.compile(r"\d{10}"), "10d", "wiegand34"),
    (re.compile(r"\d{3},\d{5}"), "3d5d", "wiegand26"),
    (re.compile(r"\d{8}"), "8d", "wiegand26"),
    (re.compile(r"\d{13}"), "13d", "em4100"),
    (re.compile(r"[0-9A-F]{8}"), "hex", "uid4"),
    (re.compile(r"[0-9A-F]{10}"), "hex", "em4100"),
    (re.compile(r"[0-9A-F]{14}"), "hex", "uid7"),
    (re.compile(r"[0-9A-F]{6}"), "hex", "wiegand26"),
)
Typist = Callable[[KeyEvent], str]  # what was typed, at the key that ends it


async def look(root: Path) -> AsyncIterator[Found]:
    """Each USB keyboard by its name in /dev/input."""
    links = _links(root)
    held = holders.look(root / "proc", links.values())
    for event, link in links.items():
        yield _found(root, link, event, held.used_by(link))


def _links(root: Path) -> dict[str, Path]:
    """Each keyboard's event device, and the first of its lasting names."""
    found: dict[str, Path] = {}
    for link in inside(root / "dev/input/by-id", root / "dev/input/by-path"):
        if link.name.endswith(KEYBOARD):
            found.setdefault(Path(os.path.realpath(link)).name, link)
    return found


def _found(root: Path, link: Path, event: str, used_by: str) -> Found:
    device = root / "sys/class/input" / event / "device"
    one = usb.above(device, root / "sys")
    words = usb.word(device / "name") or (one.words if one else printable(link.name))
    reader = one is not None and one.id in READERS
    likely = reader or SAYS_READER.search(words.replace("_", " ")) is not None
    return Found(
        kind=Kind.READER, what=f"{words} (keyboard)", name=str(link),
        sure=Sure.LIKELY if likely else Sure.POSSIBLE, why=Why.USB if reader else Why.LISTED,
        used_by=used_by,
        proposal=_proposal(str(link), "10d", "wiegand34", "us", "hid-guess") if likely else None,
    )  # fmt: skip


def _proposal(device: str, format_: str, form: str, layout: str, remark: str) -> Proposal:
    told = settings(device=device, format=format_, form=form) + ((Setting("layout", layout),) if layout != "us" else ())
    return Proposal(kind="reader", driver="hid", settings=told, remark=remark)


def format_of(text: str) -> tuple[str, str]:
    """The format of what was typed, and which number it most often is; nothing if it is no number of a card."""
    return next(((format_, form) for shape, format_, form in TYPED if shape.fullmatch(text)), ("", ""))


async def listen(
    keyboard: Found, typists: Mapping[str, Typist], clock: Clock, seconds: float, tick: Tick
) -> AsyncIterator[Found]:
    """Until it types a card, or the time is over. Nobody else gets its keys meanwhile."""
    try:
        async with open_device(keyboard.name, clock) as device:
            proposal = await _heard(device, typists, keyboard.name, seconds)
    except DeviceError as error:
        yield msgspec.structs.replace(keyboard, code=error.code, fact=error.what, do=error.do)
        return
    finally:
        tick(1, 1)
    if proposal is not None:
        yield _read(keyboard, proposal)


async def _heard(device: KeyDevice, typists: Mapping[str, Typist], name: str, seconds: float) -> Proposal | None:
    """Raises DeviceError."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                for proposal in _typed((await device.read()).events, typists, name):
                    return proposal
    except TimeoutError:
        return None


def _typed(events: Iterable[KeyEvent], typists: Mapping[str, Typist], device: str) -> Iterator[Proposal]:
    """A proposal for each card, by whichever layout makes sense of the keys."""
    for event in events:
        for layout, typist in typists.items():
            format_, form = format_of(typist(event))
            if format_:
                yield _proposal(device, format_, form, layout, "hid")


def _read(keyboard: Found, proposal: Proposal) -> Found:
    return msgspec.structs.replace(keyboard, sure=Sure.CERTAIN, why=Why.CARD, proposal=proposal)
