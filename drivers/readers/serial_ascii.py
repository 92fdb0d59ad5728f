"""Card readers that print one card per frame or line on a serial port.

Wire    em4100: STX, ten hex digits, two hex digits = XOR of the five bytes, [CR LF], ETX; 9600 8N1; RDM6300 repeats it
        each 50 ms while a card is held; or binary: 02 0A 02, five bytes, XOR of these and of 0A 02, 03.
        ironlogic: lines `Em-Marine[5500] 126,58404`, `Mifare[24548AAC] 1K (0004,08) 138,21540`, `No card`, CR LF.
Source  ID-Innovations ID-12LA data sheet (its prose says 6E, its own XOR gives 8E); RDM6300 data sheet; captures of
        IronLogic Z-2 USB and Matrix-III readers, for which no vendor document exists.
Raises  DeviceError P-1xx of the port. A bad frame is skipped and counted, never raised, never a tap.
Not     who may eat: agent/school decides that.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers import cards, lines
from drivers.driver import Clock, Counters, Finding, Secrets
from drivers.hold import Hold
from drivers.readings import CardForm, Light, Tap
from drivers.serial_port import Bytes, SerialPort, open_port, probed

STX, ETX = 0x02, 0x03
FRAME_MAX = 32  # a longer frame has lost its end
LINE_MAX = 96
BINARY = bytes((0x02, 0x0A, 0x02))
BINARY_LENGTH = 10

LINE = re.compile(
    r"(?:\d{5} )?(?P<kind>Em-Marin[e]?|Mifare)\[(?P<hex>[0-9A-Fa-f]+)\][^()\[\]]{0,12}"
    r"(?:\([0-9A-Fa-f]{4},[0-9A-Fa-f]{2}\) ?)?(?P<comma>(?<=[ )])\d{3},\d{5}),?"
)
NO_CARD = re.compile(r"(?:\d{5} )?No [Cc]ard")


class Format(StrEnum):
    EM4100 = "em4100"
    IRONLOGIC = "ironlogic"


INSTEAD = {Light.UNKNOWN: Light.REFUSED, Light.ALARM: Light.ALERT}  # where nothing is set for a light


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about such a reader."""

    port: Annotated[
        str, Meta(description="the serial port by its stable udev name", examples=["/dev/reader-canteen"], min_length=1)
    ]
    format: Annotated[Format, Meta(description="em4100: RDM6300, ID-12 and alike; ironlogic: Z-2, Matrix")] = (
        Format.EM4100
    )
    baud: Annotated[int, Meta(ge=300, le=115_200, description="line speed in baud", examples=[9600])] = 9600
    lights: Annotated[
        dict[Light, str],
        Meta(
            description="what to write for accepted, refused, wait, ready, unknown, alarm, alert, drill; e.g. "
            '{ accepted = "G\\n" }'
        ),
    ] = {}


class Card(msgspec.Struct, frozen=True):
    """A card as a frame tells it."""

    card: str
    form: CardForm


class Away(msgspec.Struct, frozen=True):
    """The reader says that no card is there."""


class Garbled(msgspec.Struct, frozen=True):
    """Bytes that are no frame."""

    data: bytes


Heard = Card | Away | Garbled


def decode_em4100(buffer: bytearray) -> Iterator[Heard]:
    """Eat whole frames; leave the unfinished rest, at most FRAME_MAX bytes."""
    while buffer:
        if buffer[0] != STX:
            noise = _skip_to_start(buffer)
            if noise.strip(b"\r\n\x03\x00"):
                yield Garbled(noise)
        elif BINARY.startswith(buffer[:3]) and len(buffer) < BINARY_LENGTH:
            return
        elif buffer.startswith(BINARY):
            yield _binary(buffer)
        else:
            heard = _next_ascii(buffer)
            if heard is None:
                return
            yield heard


def _skip_to_start(buffer: bytearray) -> bytes:
    start = buffer.find(STX)
    noise = bytes(buffer[: start if start >= 0 else len(buffer)])
    del buffer[: len(noise)]
    return noise


def _next_ascii(buffer: bytearray) -> Heard | None:
    """The frame at the buffer's start; None if its end has not come yet."""
    end = buffer.find(ETX, 0, FRAME_MAX + 1)
    again = buffer.find(STX, 1, end if end > 0 else FRAME_MAX + 1)
    if again > 0:  # the end was lost: start over at the next beginning
        lost = bytes(buffer[:again])
        del buffer[:again]
        return Garbled(lost)
    if end < 0 and len(buffer) <= FRAME_MAX:
        return None
    frame = bytes(buffer[: end + 1 if end > 0 else FRAME_MAX + 1])
    del buffer[: len(frame)]
    return _ascii(frame) if end > 0 else Garbled(frame)


def decode_ironlogic(buffer: bytearray) -> Iterator[Heard]:
    """Eat whole lines; leave the unfinished rest, at most LINE_MAX bytes."""
    for line, whole in lines.cut(buffer, LINE_MAX):
        if not whole:
            yield Garbled(line)
        elif text := line.strip(b"\r\n\0 "):
            yield _line(text)


DECODERS: dict[Format, Callable[[bytearray], Iterator[Heard]]] = {
    Format.EM4100: decode_em4100,
    Format.IRONLOGIC: decode_ironlogic,
}


def _ascii(frame: bytes) -> Heard:
    body = frame[1:-1].strip(b"\r\n")
    if not re.fullmatch(rb"[0-9A-Fa-f]{12}", body):
        return Garbled(frame)
    data = bytes.fromhex(body.decode())
    return _em(data[:5], frame) if _xor(data[:5]) == data[5] else Garbled(frame)


def _binary(buffer: bytearray) -> Heard:
    frame = bytes(buffer[:BINARY_LENGTH])
    if frame[-1] != ETX or _xor(frame[1:8]) != frame[8]:
        del buffer[:1]  # perhaps not a beginning: look for the next one
        return Garbled(frame)
    del buffer[:BINARY_LENGTH]
    return _em(frame[3:8], frame)


def _em(data: bytes, frame: bytes) -> Heard:
    """No chip has the number zero: it is what a stuck line looks like, and its checksum is right."""
    return Card(data.hex().upper(), CardForm.EM4100) if any(data) else Garbled(frame)


def _line(line: bytes) -> Heard:
    text = line.decode("ascii", errors="replace")
    if NO_CARD.fullmatch(text):
        return Away()
    match = LINE.fullmatch(text)
    if match is None:
        return Garbled(line)
    digits = match["hex"].upper()
    try:
        facility, number = cards.from_comma(match["comma"])
    except ValueError:
        return Garbled(line)
    printed = f"{facility:02X}{number:04X}"
    card = _em_marine(digits, printed) if match["kind"].startswith("Em") else _mifare(digits, printed)
    return card or Garbled(line)


def _em_marine(digits: str, printed: str) -> Card | None:
    """The bracket holds the two high bytes of five, the print the rest."""
    return Card(digits + printed, CardForm.EM4100) if len(digits) == 4 else None


def _mifare(digits: str, printed: str) -> Card | None:
    """A UID in air order; of seven bytes the last four come first. The print repeats three bytes of it: they must
    agree.
    """
    if len(digits) == 8 and printed == digits[4:6] + digits[2:4] + digits[0:2]:
        return Card(digits, CardForm.UID4) if cards.identifies(CardForm.UID4, digits) else None
    if len(digits) == 14 and printed == digits[8:14]:
        return Card(digits[8:] + digits[:8], CardForm.UID7)
    return None


def _xor(data: bytes) -> int:
    result = 0
    for byte in data:
        result ^= byte
    return result


class SerialReader:
    """An open reader: taps one by one."""

    def __init__(self, port: SerialPort, settings: Settings) -> None:
        self.counters = Counters()
        self._port = port
        self._settings = settings
        self._decode = DECODERS[settings.format]
        self._hold = Hold()

    async def __aiter__(self) -> AsyncIterator[Tap]:
        buffer = bytearray()
        while True:
            arrived = await self._port.read()
            buffer += arrived.data
            for heard in self._decode(buffer):
                tap = self._take(heard, arrived)
                if tap is not None:
                    yield tap

    async def show(self, light: Light) -> None:
        lights = self._settings.lights
        text = lights.get(light) or lights.get(INSTEAD.get(light, light), "")
        if text:
            self._port.write(text.encode())

    def _take(self, heard: Heard, arrived: Bytes) -> Tap | None:
        """Count what was heard; a tap if it is a card that was not there before."""
        if isinstance(heard, Garbled):
            self.counters.skip(heard.data)
            return None
        self.counters.frames += 1
        if isinstance(heard, Away):
            self._hold.away()
            return None
        if not self._hold.is_new(heard, arrived.monotonic_ns):
            self.counters.repeats += 1
            return None
        return Tap(card=heard.card, form=heard.form, at_ns=arrived.at_ns, monotonic_ns=arrived.monotonic_ns)


def probe(settings: Settings) -> Finding:
    """Whether the port can be opened; a port held by the running agent is in order."""
    return probed(settings.port, then="; show a card to test the reader")


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[SerialReader]:
    """Open the reader. Raises DeviceError P-1xx."""
    async with open_port(settings.port, clock, baud=settings.baud) as port:
        yield SerialReader(port, settings)
