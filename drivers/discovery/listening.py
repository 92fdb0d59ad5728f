"""Listens on serial ports while somebody shows a card to each reader; nothing is written. The number is not kept.

Format  every decoder that is given gets the same bytes; the one that reads a whole card tells the reader's format.
Speed   9600 first; where something comes that nobody understands and then a pause, the next speed is tried: a card
        must be shown again.
Raises  nothing: what a port cannot do is told as found.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

import msgspec

from drivers.discovery.found import Found, Kind, Proposal, Setting, Sure, Tick, Why
from drivers.discovery.ports import Port
from drivers.driver import Clock
from drivers.errors import DeviceError
from drivers.serial_port import SerialPort, open_port

BAUDS = (9600, 19_200, 115_200, 57_600, 38_400, 4800)
PAUSE_S = 0.4  # a frame has ended
GLITCH_BYTES = 3  # a plug that goes in says so much; the speed is none the worse for it
SHOWN_BYTES = 16
HEARD_MOST = 4096  # of what nobody understands; a device that never pauses is no card reader
Decode = Callable[[bytearray], Iterable[bool]]  # eats frames; True for each that is a whole card


class Heard(msgspec.Struct, frozen=True):
    """What came at one speed before a pause."""

    format: str  # whose card it is; empty if nobody's
    data: bytes  # the first bytes, only if nobody understands them


class Ear:
    """Bytes of one port at one speed, given to every decoder. Pure."""

    def __init__(self, decoders: Mapping[str, Decode]) -> None:
        self._decoders = decoders
        self._buffers = {name: bytearray() for name in decoders}
        self.first = b""
        self.count = 0

    def hear(self, data: bytes) -> str:
        """The format that has read a card now, or nothing."""
        self.count += len(data)
        self.first = (self.first + data)[:SHOWN_BYTES]
        for name, decode in self._decoders.items():
            self._buffers[name] += data
            if any(list(decode(self._buffers[name]))):
                return name
        return ""


async def look(
    port: Port, decoders: Mapping[str, Decode], clock: Clock, seconds: float, tick: Tick
) -> AsyncIterator[Found]:
    """Listen until a card is read or the time is over."""
    end_ns = clock.monotonic_ns() + round(seconds * 1e9)
    heard = b""
    try:
        for baud in _speeds():
            left_s = (end_ns - clock.monotonic_ns()) / 1e9
            if left_s <= 0:
                break
            async with open_port(port.device, clock, baud=baud) as line:
                found = await _listen(line, decoders, left_s)
            heard = found.data or heard
            if found.format:
                yield _reader(port, found.format, baud)
                return
    except DeviceError as error:
        yield _port(port, Why.LISTED, error.code, error.what, error.do)
        return
    finally:
        tick(1, 1)
    yield _nobody(port, heard)


def _speeds() -> Iterable[int]:
    while True:
        yield from BAUDS


async def _listen(line: SerialPort, decoders: Mapping[str, Decode], seconds: float) -> Heard:
    """At one speed: until a card, or something that nobody understands and a pause, or the end of the time."""
    ear = Ear(decoders)
    try:
        async with asyncio.timeout(seconds):
            while True:
                data = await _next(line, pause=ear.count > GLITCH_BYTES)
                if not data or ear.count > HEARD_MOST:
                    return Heard("", ear.first)
                read = ear.hear(data)
                if read:
                    return Heard(read, b"")
    except TimeoutError:
        return Heard("", ear.first)


async def _next(line: SerialPort, *, pause: bool) -> bytes:
    """What comes next; nothing if there is a pause, where one would end what is being said."""
    if not pause:
        return (await line.read()).data
    try:
        async with asyncio.timeout(PAUSE_S):
            return (await line.read()).data
    except TimeoutError:
        return b""


def _reader(port: Port, format_: str, baud: int) -> Found:
    words = [Setting("port", port.name), Setting("format", format_)]
    words += [Setting("baud", baud)] if baud != BAUDS[0] else []
    return Found(
        kind=Kind.READER, what=f"{format_}, {baud} baud, {port.what}", name=port.name, sure=Sure.CERTAIN, why=Why.CARD,
        proposal=Proposal(kind="reader", driver="serial_ascii", settings=tuple(words)),
    )  # fmt: skip


def _nobody(port: Port, heard: bytes) -> Found:
    if heard:
        fact = f"{port.device}: bytes that are no card of a known reader: {heard.hex()}"
        do = "Show the card again; if it stays so, send this line with the reader's type to support."
        return _port(port, Why.HEARD, "X-106", fact, do)
    fact = f"{port.device}: nothing was heard"
    do = "If a reader is on this port, show a card again; check its power, and that its TX goes to our RX."
    return _port(port, Why.SILENT, "X-105", fact, do)


def _port(port: Port, why: Why, code: str, fact: str, do: str) -> Found:
    return Found(
        kind=Kind.PORT, what=port.what, name=port.name, sure=Sure.CERTAIN, why=why, code=code, fact=fact, do=do
    )
