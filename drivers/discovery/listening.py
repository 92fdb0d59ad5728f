"""Listens on serial ports while somebody shows a card to each reader; nothing is written. The number is not kept.

Language  every decoder that is given gets the same bytes; the one that reads a whole card, or a whole line of a board
          that reports by itself, tells what is there.
Speed     9600 first; where something comes that nobody understands and then a pause, the next speed is tried: a card
          must be shown again.
Raises    nothing: what a port cannot do is told as found.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import msgspec

from drivers.discovery.found import Found, Kind, Proposal, Setting, Sure, Tick, Why
from drivers.discovery.ports import Port, in_trouble
from drivers.driver import Clock
from drivers.errors import DeviceError
from drivers.serial_port import SerialPort, open_port

BAUDS = (9600, 19_200, 115_200, 57_600, 38_400, 4800)
PAUSE_S = 0.4  # a frame has ended
GLITCH_BYTES = 3  # a plug that goes in says so much; the speed is none the worse for it
SHOWN_BYTES = 16
HEARD_MOST = 4096  # of what nobody understands; a device that never pauses is no card reader
Decode = Callable[[bytearray], Iterable[tuple[Setting, ...] | None]]


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """How devices of one kind speak unasked.

    decode  eats frames; for each whole one the settings that follow from it, or None if it tells no more than that it
            was understood
    """

    words: str
    kind: Kind
    why: Why
    decode: Decode
    device: Proposal  # without its port and speed


class Heard(msgspec.Struct, frozen=True):
    """What came at one speed before a pause."""

    language: Language | None  # None: nobody's
    more: tuple[Setting, ...]  # settings that follow
    data: bytes  # the first bytes, only if nobody understands them


class Ear:
    """Bytes of one port at one speed, given to every decoder. Pure."""

    def __init__(self, languages: Sequence[Language]) -> None:
        self._buffers = [(language, bytearray()) for language in languages]
        self.understood = False
        self.first = b""
        self.count = 0

    def hear(self, data: bytes) -> Heard | None:
        """What is known by these bytes."""
        self.count += len(data)
        self.first = (self.first + data)[:SHOWN_BYTES]
        for language, buffer in self._buffers:
            buffer += data
            told = list(language.decode(buffer))
            self.understood = self.understood or bool(told)
            more = next((one for one in told if one is not None), None)
            if more is not None:
                return Heard(language, more, b"")
        return None

    @property
    def strange(self) -> bool:
        """Whether enough came that nobody understands."""
        return self.count > GLITCH_BYTES and not self.understood


async def look(
    port: Port, languages: Sequence[Language], clock: Clock, seconds: float, tick: Tick
) -> AsyncIterator[Found]:
    """Listen until somebody is understood or the time is over."""
    end_ns = clock.monotonic_ns() + round(seconds * 1e9)
    strange = b""
    try:
        for baud in _speeds():
            left_s = (end_ns - clock.monotonic_ns()) / 1e9
            if left_s <= 0:
                break
            async with open_port(port.device, clock, baud=baud) as line:
                heard = await _listen(line, languages, left_s)
            strange = heard.data or strange
            if heard.language is not None:
                yield _device(port, heard.language, heard.more, baud)
                return
    except DeviceError as error:
        yield in_trouble(port, Why.LISTED, error.code, error.what, error.do)
        return
    finally:
        tick(1, 1)
    yield _nobody(port, strange)


def _speeds() -> Iterable[int]:
    while True:
        yield from BAUDS


async def _listen(line: SerialPort, languages: Sequence[Language], seconds: float) -> Heard:
    """At one speed: until somebody is understood, or something strange and a pause came, or the time is over."""
    ear = Ear(languages)
    try:
        async with asyncio.timeout(seconds):
            while True:
                data = await _next(line, pause=ear.strange)
                if not data or (ear.strange and ear.count > HEARD_MOST):
                    break
                heard = ear.hear(data)
                if heard is not None:
                    return heard
    except TimeoutError:
        pass
    return Heard(None, (), b"" if ear.understood else ear.first)


async def _next(line: SerialPort, *, pause: bool) -> bytes:
    """What comes next; nothing if there is a pause, where one would end what is being said."""
    if not pause:
        return (await line.read()).data
    try:
        async with asyncio.timeout(PAUSE_S):
            return (await line.read()).data
    except TimeoutError:
        return b""


def _device(port: Port, language: Language, more: tuple[Setting, ...], baud: int) -> Found:
    told = (Setting("port", port.name), *language.device.settings, *more)
    told += (Setting("baud", baud),) if baud != BAUDS[0] else ()
    return Found(
        kind=language.kind, what=f"{language.words}, {baud} baud, {port.what}", name=port.name,
        sure=Sure.CERTAIN, why=language.why, proposal=msgspec.structs.replace(language.device, settings=told),
    )  # fmt: skip


def _nobody(port: Port, heard: bytes) -> Found:
    if heard:
        fact = f"{port.device}: bytes that are no card of a known reader: {heard.hex()}"
        do = "Show the card again; if it stays so, send this line with the reader's type to support."
        return in_trouble(port, Why.HEARD, "X-106", fact, do)
    fact = f"{port.device}: nothing was heard"
    do = "If a reader is on this port, show a card again; check its power, and that its TX goes to our RX."
    return in_trouble(port, Why.SILENT, "X-105", fact, do)
