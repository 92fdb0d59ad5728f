"""Smoke sensors on a small board (an MQ-2 on an Arduino) that tells each zone's state on a serial line, each second.

Wire    "S1,007,02,N,02137*19DC" CR LF; 9600 8N1. Version, sequence, zone, state (N normal, S smoke, W warming up, F
        fault), reading; CRC-16/CCITT-FALSE of all before the asterisk. docs/drivers/smoke-serial.md has the board's
        program.
States  No standard vouches for such a sensor: every change is marked as indicative. Silence, a reading beyond its
        limits, one that does not move any more are faults; smoke is smoke whatever the reading.
Raises  DeviceError S-301 no line of the board in time, S-302 bytes but no line, P-1xx of the port. A bad line is
        skipped and counted, never raised, never smoke.
"""

from __future__ import annotations

import asyncio
import binascii
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers import lines
from drivers.driver import Clock, Counters, Finding, Secrets
from drivers.errors import DeviceError
from drivers.readings import Light, ZoneChange, ZoneState
from drivers.serial_port import Bytes, SerialPort, open_port, probed

LINE = re.compile(rb"S1,([0-9]{3}),([0-9]{2}),([NSWF]),([0-9]{5})\*([0-9A-F]{4})")
LINE_MAX = 64  # a longer line has lost its end
ZONES = range(1, 17)
START_S = 5.0  # a board starts anew when its port is opened; given less, it would be reset for ever
LOOK_S = 0.5  # how often it is looked at what does not come
ZoneName = Annotated[str, Meta(max_length=80)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about such a board."""

    port: Annotated[
        str, Meta(description="the serial port by its stable udev name", examples=["/dev/smoke-attic"], min_length=1)
    ]
    zones: Annotated[
        dict[str, ZoneName], Meta(description='the zones of the board, by number: { 1 = "attic", 2 = "stairs" }')
    ]
    baud: Annotated[int, Meta(ge=300, le=115_200, description="line speed in baud", examples=[9600])] = 9600
    silent_s: Annotated[
        float, Meta(ge=2, le=60, description="a zone, or the board, that says nothing for so long is a fault, seconds")
    ] = 5.0
    raw_min: Annotated[int, Meta(ge=0, le=65_535, description="a reading below is a fault: no sensor, a cut wire")] = 50
    raw_max: Annotated[int, Meta(ge=0, le=65_535, description="a reading above is a fault, unless it is smoke")] = (
        16_300
    )
    frozen_s: Annotated[
        float, Meta(ge=10, le=86_400, description="a reading that has not moved at all for so long is a fault, seconds")
    ] = 1_800.0

    def __post_init__(self) -> None:
        """Raises ValueError, which the configuration shows with its place."""
        if not self.zones or not all(number in map(str, ZONES) for number in self.zones):
            raise ValueError(f"zones names no zone, or a number that is none. Zones are {ZONES[0]} to {ZONES[-1]}.")
        if self.raw_min >= self.raw_max:
            raise ValueError("raw_min must be below raw_max")

    @property
    def places(self) -> dict[int, str]:
        return {int(number): name for number, name in self.zones.items()}


class Said(StrEnum):
    NORMAL = "N"
    SMOKE = "S"
    WARMING = "W"
    FAULT = "F"


class Line(msgspec.Struct, frozen=True):
    """One line of the board."""

    sequence: int
    zone: int
    said: Said
    raw: int


def decode(buffer: bytearray) -> Iterator[Line | bytes]:
    """Eat whole lines; leave the unfinished rest, at most LINE_MAX bytes. A line, or the bytes that are none."""
    for line, whole in lines.cut(buffer, LINE_MAX):
        if not whole:
            yield line
        elif data := line.removesuffix(b"\r"):
            yield _line(data) or data


def _line(data: bytes) -> Line | None:
    match = LINE.fullmatch(data)
    if match is None or binascii.crc_hqx(data[: match.start(5) - 1], 0xFFFF) != int(match[5], 16):
        return None
    line = Line(int(match[1]), int(match[2]), Said(match[3].decode()), int(match[4]))
    return line if line.zone in ZONES and line.sequence < 256 and line.raw < 65_536 else None


class Zone:
    """What is known of one zone."""

    def __init__(self, now_ns: int) -> None:
        self.line: Line | None = None  # None: nothing was heard yet
        self.heard_ns = now_ns
        self.moved_ns = now_ns  # when its reading changed last
        self.told: ZoneState | None = None


class Verdicts:
    """What the zones are, by what was heard and what was not. Pure."""

    def __init__(self, settings: Settings, now_ns: int) -> None:
        self.heard_ns = now_ns  # any zone
        self._settings = settings
        self._zones = {number: Zone(now_ns) for number in settings.places}

    def start(self, now_ns: int) -> None:
        """The board has begun to speak: until then no zone was silent."""
        for zone in self._zones.values():
            zone.heard_ns = now_ns

    def hear(self, line: Line, now_ns: int) -> bool:
        """Take a line. False if it is the zone's last one again, which proves nothing."""
        zone = self._zones.setdefault(line.zone, Zone(now_ns))  # one that nobody configured may be in smoke too
        if zone.line is not None and zone.line.sequence == line.sequence:
            return False
        if zone.line is None or zone.line.raw != line.raw:
            zone.moved_ns = now_ns
        zone.line, zone.heard_ns, self.heard_ns = line, now_ns, now_ns
        return True

    def news(self, now_ns: int) -> Iterator[tuple[int, ZoneState, ZoneState | None, int, str]]:
        """Zone, state, state before, reading, words: of each zone that is in another state now."""
        for number, zone in sorted(self._zones.items()):
            state, words = self._judge(zone, now_ns)
            if state is not None and state is not zone.told:
                before, zone.told = zone.told, state
                yield number, state, before, zone.line.raw if zone.line else 0, words

    def silent(self, now_ns: int) -> bool:
        """Whether the whole board says nothing."""
        return now_ns - self.heard_ns > self._settings.silent_s * 1e9

    def _judge(self, zone: Zone, now_ns: int) -> tuple[ZoneState | None, str]:
        at = self._settings
        if now_ns - zone.heard_ns > at.silent_s * 1e9:
            return ZoneState.FAULT, "no sign of life"
        if zone.line is None:
            return None, ""  # wait for its first line
        match zone.line.said:
            case Said.SMOKE:
                return ZoneState.FIRE, "smoke"
            case Said.FAULT:
                return ZoneState.FAULT, "fault, as the board says"
            case Said.WARMING:
                return ZoneState.DISABLED, "warming up"
        if not at.raw_min <= zone.line.raw <= at.raw_max:
            return ZoneState.FAULT, "reading beyond its limits"
        if now_ns - zone.moved_ns > at.frozen_s * 1e9:
            return ZoneState.FAULT, "reading does not move"
        return ZoneState.NORMAL, "normal"


class SmokeBoard:
    """An open board: changes of its zones one by one; at first every zone as it is."""

    def __init__(self, port: SerialPort, settings: Settings, clock: Clock) -> None:
        self.counters = Counters()
        self._port = port
        self._settings = settings
        self._clock = clock
        self._buffer = bytearray()
        self._noise = False  # since the last good line
        self._verdicts = Verdicts(settings, clock.monotonic_ns())

    async def prove(self) -> None:
        """Listen for the first line of the board. Raises DeviceError S-301, S-302, P-104."""
        within_s = max(self._settings.silent_s, START_S)
        try:
            async with asyncio.timeout(within_s):
                while not self._take(arrived := await self._port.read()):
                    pass
        except TimeoutError:
            raise self._silence(within_s) from None
        self._verdicts.start(arrived.monotonic_ns)

    async def __aiter__(self) -> AsyncIterator[ZoneChange]:
        now_ns = self._clock.monotonic_ns()
        while True:
            at_ns = self._clock.utc_ns() - (self._clock.monotonic_ns() - now_ns)
            for zone, state, before, raw, words in self._verdicts.news(now_ns):
                yield ZoneChange(
                    zone=zone,
                    state=state,
                    before=before,
                    codes=(raw,),
                    words=words,
                    indicative=True,
                    at_ns=at_ns,
                    monotonic_ns=now_ns,
                )
            arrived = await self._arrived()
            if arrived is not None:
                self._take(arrived)
            now_ns = arrived.monotonic_ns if arrived is not None else self._clock.monotonic_ns()
            if self._verdicts.silent(now_ns):
                raise self._silence(self._settings.silent_s)

    async def show(self, light: Light) -> None:
        """A smoke sensor shows nothing of ours."""

    async def _arrived(self) -> Bytes | None:
        """What came, or None if nothing did for a moment."""
        try:
            async with asyncio.timeout(LOOK_S):
                return await self._port.read()
        except TimeoutError:
            return None

    def _take(self, arrived: Bytes) -> bool:
        """Hear what arrived; whether a fresh line was in it."""
        fresh = False
        self._buffer += arrived.data
        for heard in decode(self._buffer):
            if isinstance(heard, bytes):
                self._noise = True
                self.counters.skip(heard)
            elif self._verdicts.hear(heard, arrived.monotonic_ns):
                self.counters.frames += 1
                fresh, self._noise = True, False
            else:
                self.counters.repeats += 1
        return fresh

    def _silence(self, within_s: float) -> DeviceError:
        within = f"within {within_s:g} s"
        if self._noise or (self._buffer and not self.counters.frames):
            return DeviceError("S-302", f"bytes, but no line {within}", do="Check `baud`, and the board's program.")
        return DeviceError("S-301", f"no line of the board {within}", do="Check the board's power and its USB cable.")


def probe(settings: Settings) -> Finding:
    """Whether the port can be opened; a port held by the running agent is in order."""
    return probed(settings.port)


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[SmokeBoard]:
    """Open the port and hear the board's first line. Raises DeviceError P-1xx, S-30x."""
    async with open_port(settings.port, clock, baud=settings.baud) as port:
        board = SmokeBoard(port, settings, clock)
        await board.prove()
        yield board
