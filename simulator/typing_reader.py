"""A card reader that types, on a named pipe where a device node would be: the kernel's events for each of its keys.

Wire    struct input_event of a 64-bit kernel: MSC_SCAN, EV_KEY, SYN_REPORT when a key goes down, and again when it is
        up; times by CLOCK_BOOTTIME, a key each KEY_NS as a slow USB keyboard sends them.
Source  USB HID usage tables 1.5, keyboard page (usages); Linux, drivers/hid/hid-input.c (usage to key).
Not     a recording: no such reader was at hand when this was written.
"""

from __future__ import annotations

import contextlib
import os
import struct
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

EVENT = struct.Struct("@llHHi")
SYN, KEY, MSC = 0, 1, 4
SCAN = 4
SYN_DROPPED = 3
KEYBOARD_PAGE = 0x70000
KEY_NS = 16_000_000
PAUSE_NS = 200_000_000  # between two cards, at least
ENTER = (0x28, 28)
SHIFT = (0xE1, 42)
USAGES = {  # character -> usage, key
    **{digit: (0x1E + at, 2 + at) for at, digit in enumerate("1234567890")},
    "a": (0x04, 30), "b": (0x05, 48), "c": (0x06, 46), "d": (0x07, 32), "e": (0x08, 18), "f": (0x09, 33),
    "g": (0x0A, 34), "q": (0x14, 16), ",": (0x36, 51), ";": (0x33, 39), "m": (0x10, 50),
}  # fmt: skip
_KEYPAD_KEYS = (79, 80, 81, 75, 76, 77, 71, 72, 73, 82)
KEYPAD = {digit: (0x59 + at, _KEYPAD_KEYS[at]) for at, digit in enumerate("1234567890")}
Stroke = tuple[int, int]  # usage, key


def strokes(text: str, *, keypad: bool = False) -> list[tuple[Stroke, bool]]:
    """The keys of a text on a US keyboard, and whether shift is held: for capital letters."""
    table = USAGES | (KEYPAD if keypad else {})
    return [(table[character.lower()], character.isupper()) for character in text]


def moved(stroke: Stroke, value: int, at_ns: int) -> bytes:
    """One key, down (1), up (0) or held (2)."""
    usage, key = stroke
    seconds, rest = divmod(at_ns // 1000, 1_000_000)
    events = ((MSC, SCAN, KEYBOARD_PAGE | usage), (KEY, key, value), (SYN, 0, 0))
    return b"".join(EVENT.pack(seconds, rest, *event) for event in events)


def typed(keys: Iterable[tuple[Stroke, bool]], at_ns: int, key_ns: int = KEY_NS) -> Iterator[bytes]:
    """Key after key, each down and up."""
    for stroke, shifted in keys:
        if shifted:
            yield moved(SHIFT, 1, at_ns)
        yield moved(stroke, 1, at_ns) + moved(stroke, 0, at_ns + key_ns // 2)
        if shifted:
            yield moved(SHIFT, 0, at_ns + key_ns // 2)
        at_ns += key_ns


class TypingReader:
    """A reader; show() types a card. It has no light."""

    def __init__(self, name: str, link: Path) -> None:
        self.name = name
        self.link = link
        self._fd = -1
        self._free_ns = 0  # when the last key was up

    @property
    def plugged(self) -> bool:
        return self._fd >= 0

    def plug(self) -> None:
        os.mkfifo(self.link)
        self._fd = os.open(self.link, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self) -> None:
        if self.plugged:
            self.link.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = -1

    def type(self, text: str, *, keypad: bool = False, key_ns: int = KEY_NS) -> None:
        """A text and Enter."""
        self.press([*strokes(text, keypad=keypad), (ENTER, False)], key_ns)

    def press(self, keys: list[tuple[Stroke, bool]], key_ns: int = KEY_NS) -> None:
        at_ns = max(time.clock_gettime_ns(time.CLOCK_BOOTTIME), self._free_ns + PAUSE_NS)
        self._free_ns = at_ns + len(keys) * key_ns
        self.write(b"".join(typed(keys, at_ns, key_ns)))

    def write(self, events: bytes) -> None:
        if not self.plugged:  # keys that nobody has
            return
        with contextlib.suppress(BlockingIOError):  # nobody reads: the kernel's buffer overruns too
            os.write(self._fd, events)

    async def show(self, card: bytes, patience_s: float) -> str:
        """The last four bytes of a card as ten digits (8H10D). No light ever comes."""
        self.type(f"{int.from_bytes(card[-4:], 'big'):010d}")
        return ""
