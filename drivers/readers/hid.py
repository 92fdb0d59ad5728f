"""Card readers that type: a keyboard on USB that writes the number of a card and Enter.

Wire    key events; digits on the number row or the keypad, letters a to f, a comma; Enter ends a number. No checksum:
        a number must have the one length of its format, and must be typed faster than anybody can.
Source  USB HID usage tables 1.5, keyboard page; Linux, input-event-codes.h; the prints 8H10D, 6H8D and 3D5D as sellers
        of such readers name them.
Raises  DeviceError R-40x of the device. What is no number is counted, never a tap; its digits are not shown.
Bounded TEXT_MAX keys of a number.
Not     who may eat: agent/school decides that.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from drivers import cards
from drivers.driver import Clock, Counters, Finding, Secrets, Verdict
from drivers.hold import Hold
from drivers.key_device import DOWN, LOST, KeyDevice, KeyEvent, Keys, can_open, open_device
from drivers.readings import CardForm, Light, Tap

TEXT_MAX = 32  # the longest number has 17 digits
UP = 0
SHIFTS = {42, 54}
ENTERS = {28, 96}  # the large one, and the keypad's
KEYPAD = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0", 121: ","}
ROW = dict(zip(range(2, 12), "1234567890", strict=True))
BCDEF = {48: "B", 46: "C", 32: "D", 18: "E", 33: "F"}
IGNORED = {58, 69, 70}  # Caps Lock, Num Lock, Scroll Lock: some readers tap them before they type


class Layout(StrEnum):
    US = "us"
    AZERTY = "azerty"


PLAIN = {  # layout -> key -> character, without shift
    Layout.US: KEYPAD | ROW | BCDEF | {30: "A", 51: ","},
    Layout.AZERTY: KEYPAD | BCDEF | {16: "A", 50: ","},
}
SHIFTED = {Layout.US: BCDEF | {30: "A"}, Layout.AZERTY: KEYPAD | ROW | BCDEF | {16: "A"}}


class Format(StrEnum):
    TEN_DIGITS = "10d"
    EIGHT_DIGITS = "8d"
    COMMA = "3d5d"
    THIRTEEN_DIGITS = "13d"
    HEX = "hex"


class Shape(msgspec.Struct, frozen=True):
    """The one shape of a decimal format."""

    digits: int
    number_bytes: int
    forms: frozenset[CardForm]


DECIMAL = {
    Format.TEN_DIGITS: Shape(10, 4, frozenset({CardForm.UID4, CardForm.WIEGAND34})),
    Format.EIGHT_DIGITS: Shape(8, 3, frozenset({CardForm.WIEGAND26})),
    Format.THIRTEEN_DIGITS: Shape(13, 5, frozenset({CardForm.EM4100})),
}
REVERSIBLE = {CardForm.UID4, CardForm.UID7}
COMMA = re.compile(r"(\d{3}),?(\d{5})")


def fits(format_: Format, form: CardForm) -> bool:
    """Whether a number in this format can be a number of this form."""
    if format_ is Format.HEX:
        return True
    return form is CardForm.WIEGAND26 if format_ is Format.COMMA else form in DECIMAL[format_].forms


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about such a reader."""

    device: Annotated[
        str,
        Meta(
            description="the reader's name in /dev/input/by-id, never eventN: that number changes with the plugs",
            examples=["/dev/input/by-id/usb-NAME-event-kbd"],
            min_length=1,
        ),
    ]
    format: Annotated[
        Format,
        Meta(
            description="what it types: 10d (0008075634), 8d (08075634), 3d5d (123,14706 or 12314706), "
            "13d (all five bytes in decimal), hex (all bytes)"
        ),
    ]
    form: Annotated[
        CardForm,
        Meta(description="which number that is: 10d wiegand34 or uid4, 8d and 3d5d wiegand26, 13d em4100, hex any"),
    ]
    reversed: Annotated[bool, Meta(description="the last byte of the UID comes first; uid4 and uid7 only")] = False
    layout: Annotated[Layout, Meta(description="the keyboard that the reader pretends to be")] = Layout.US
    gap_ms: Annotated[
        int, Meta(ge=5, le=500, description="the longest pause between two keys of a card", examples=[50])
    ] = 50

    def __post_init__(self) -> None:
        if not fits(self.format, self.form):
            fitting = " or ".join(f'"{form}"' for form in CardForm if fits(self.format, form))
            raise ValueError(f"format {self.format} is no number of the form {self.form}. Take form = {fitting}.")
        if self.reversed and self.form not in REVERSIBLE:
            raise ValueError(f"a number of the form {self.form} has one order only. Leave `reversed` out.")

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        """No two devices on one reader."""
        return ((self.device, ""),)


class Typed(msgspec.Struct, frozen=True):
    """What was typed up to Enter."""

    text: str


class Garbled(msgspec.Struct, frozen=True):
    """Keys that are no number: typed too slowly, too many, or others than a reader has."""

    text: str


Heard = TypeVar("Heard", Typed, Garbled)


class Line:
    """Keys, one by one, to what was typed. Pure; keeps at most TEXT_MAX characters."""

    def __init__(self, layout: Layout, gap_ns: int) -> None:
        self._layout = layout
        self._gap_ns = gap_ns
        self._text = ""
        self._spoiled = False
        self._shifts: set[int] = set()
        self._last_ns = 0

    def feed(self, event: KeyEvent) -> Typed | Garbled | None:
        """What is known by this key."""
        if event.code in SHIFTS:
            (self._shifts.discard if event.value == UP else self._shifts.add)(event.code)
            return None
        if event.code != LOST and (event.value == UP or event.code in IGNORED):
            return None
        late = self._late(event.event_ns)
        if event.code in ENTERS and event.value == DOWN:
            return late or self._end()
        if event.code == LOST:
            self._shifts.clear()
        self._add(self._character(event.code) if event.value == DOWN else "")
        return late

    def _late(self, now_ns: int) -> Garbled | None:
        """What was begun so long ago that this key does not belong to it; a clock that went back is no reader's."""
        gap_ns, self._last_ns = now_ns - self._last_ns, now_ns
        begun = bool(self._text) or self._spoiled
        return self._begin_anew(Garbled(self._text)) if begun and not 0 <= gap_ns <= self._gap_ns else None

    def _begin_anew(self, heard: Heard) -> Heard:
        self._text, self._spoiled = "", False
        return heard

    def _character(self, code: int) -> str:
        table = SHIFTED if self._shifts else PLAIN
        return table[self._layout].get(code, "")

    def _add(self, character: str) -> None:
        if not character or len(self._text) >= TEXT_MAX:
            self._spoiled = True
        else:
            self._text += character

    def _end(self) -> Typed | Garbled | None:
        """An Enter alone is nothing: some readers type two."""
        if self._spoiled:
            return self._begin_anew(Garbled(self._text))
        return self._begin_anew(Typed(self._text)) if self._text else None


def number(text: str, settings: Settings) -> str | None:
    """The card's number of what was typed, or None if it cannot be one. Pure."""
    width = cards.HEX_DIGITS[settings.form]
    if settings.format is Format.HEX:
        found = text if re.fullmatch(f"[0-9A-F]{{{width}}}", text) else ""
    elif settings.format is Format.COMMA:
        found = _of_comma(text)
    else:
        found = _of_decimal(text, DECIMAL[settings.format])
    if not found or not int(found, 16):
        return None
    if settings.reversed:
        found = bytes.fromhex(found)[::-1].hex().upper()
    return found if cards.identifies(settings.form, found) else None


def _of_comma(text: str) -> str:
    match = COMMA.fullmatch(text)
    try:
        facility, low = cards.from_comma(f"{match[1]},{match[2]}") if match else (0, 0)
    except ValueError:
        return ""
    return f"{facility:02X}{low:04X}"


def _of_decimal(text: str, shape: Shape) -> str:
    if not re.fullmatch(f"[0-9]{{{shape.digits}}}", text) or int(text) >> 8 * shape.number_bytes:
        return ""
    return f"{int(text):0{2 * shape.number_bytes}X}"


def masked(text: str) -> bytes:
    """What kind of keys these were, not which: they may be most of a card, or what a person typed."""
    return re.sub("[A-F]", "A", re.sub("[0-9]", "0", text)).encode()


class HidReader:
    """An open reader: taps one by one."""

    def __init__(self, device: KeyDevice, settings: Settings) -> None:
        self.counters = Counters()
        self._device = device
        self._settings = settings
        self._line = Line(settings.layout, settings.gap_ms * 1_000_000)
        self._hold = Hold()

    async def __aiter__(self) -> AsyncIterator[Tap]:
        while True:
            keys = await self._device.read()
            for event in keys.events:
                tap = self._take(self._line.feed(event), keys)
                if tap is not None:
                    yield tap

    async def show(self, light: Light) -> None:
        """Such a reader has no light that we could switch: put a lamp beside it (`signal`)."""

    def _take(self, heard: Typed | Garbled | None, keys: Keys) -> Tap | None:
        """Count what was typed; a tap if it is a card that was not there before."""
        if heard is None:
            return None
        card = number(heard.text, self._settings) if isinstance(heard, Typed) else None
        if card is None:
            self.counters.skip(masked(heard.text))
            return None
        self.counters.frames += 1
        if not self._hold.is_new(card, keys.monotonic_ns):
            self.counters.repeats += 1
            return None
        return Tap(card=card, form=self._settings.form, at_ns=keys.at_ns, monotonic_ns=keys.monotonic_ns)


def probe(settings: Settings) -> Finding:
    """Whether the device can be opened; it is not taken from the agent that reads it."""
    error = can_open(settings.device)
    if error is None:
        what = f"{settings.device} opens; show a card to test the reader"
        return Finding(verdict=Verdict.OK, code="", what=what)
    return Finding.failed(error)


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[HidReader]:
    """Open the reader. Raises DeviceError R-40x."""
    async with open_device(settings.device, clock) as device:
        yield HidReader(device, settings)
