"""A PC/SC reader as an ACR122U: cards are held before it, its light and buzzer are switched by FF 00 40.

Wire    CCID over a serial line, as libccid's driver for serial readers speaks it: 03 06, the CCID message, XOR of all;
        the reader repeats each command before it answers. PC/SC part 3: FF CA 00 00 00 gives the UID and 9000.
        The card offers T=0 alone, since that driver would frame T=1 by itself; an ACR122U on USB is given whole APDUs.
Source  USB CCID 1.1 (messages, status); PC/SC 2.01 part 3 (storage cards' ATR, GET DATA); ACS, ACR122U API 2.04
        (LED and buzzer).
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable
from pathlib import Path

from simulator.pcsc_service import PcscService
from simulator.serial_line import SerialLine

BAUD = 115_200
FRAME = b"\x03\x06"
HEAD = struct.Struct("<BIBB3s")  # kind, length of the data, slot, sequence, the kind's own
SET_PARAMETERS, POWER_ON, POWER_OFF, GET_STATUS, ESCAPE, PARAMETERS, TRANSFER = 0x61, 0x62, 0x63, 0x65, 0x6B, 0x6C, 0x6F
ANSWERS = {SET_PARAMETERS: 0x82, POWER_ON: 0x80, POWER_OFF: 0x81, GET_STATUS: 0x81, ESCAPE: 0x83, PARAMETERS: 0x82}
ACTIVE, INACTIVE, ABSENT, FAILED = 0, 1, 2, 0x40
MUTE = 0xFE
T0_PARAMETERS = bytes.fromhex("1100000A00")
FIRMWARE = b"GemTwin-V2.10-GT10"
ATR = bytes.fromhex("3B0F804F0CA0000003060300010000000000")  # MIFARE Classic 1K by part 3; T=0, see above
GET_UID = bytes.fromhex("FFCA000000")
LED = bytes.fromhex("FF0040")
BUZZER = bytes.fromhex("FF0052")
PERIOD_S = 0.3  # the service asks each 0.4 s
READ_S = 0.05  # the service has read what came; it asks again after 0.4 s
RED, GREEN = 1, 2
LETTERS = {
    (GREEN, 1): "G",
    (RED, 1): "R",
    (RED, 8): "U",
    (RED | GREEN, 0): "W",
    (RED | GREEN, 1): "A",
}  # tenths of a beep
BLINKING = {RED: "!", RED | GREEN: "D"}  # an incident waits; a drill

Answer = Callable[[bytes], bytes]


class PcscReader:
    """A reader; show() holds a card before it and tells which light came, by its letter, or nothing."""

    card_bytes = 4

    def __init__(self, name: str, link: Path) -> None:
        self.name = name
        self.line = SerialLine(link, baud=BAUD, on_data=self._hear)
        self.latency_ms: list[float] = []
        self.last_light = ""
        self.beeps = 0
        self.own_beep = True  # at each card, until it is told not to
        self.answer: Answer | None = None  # what a card answers to GET DATA, if not its UID
        self.read_times = 0  # how often a UID was asked for
        self.service: PcscService | None = None  # looks again at each plug
        self.looks = 0  # how often the service asked whether a card is there
        self._uid = b""
        self._next = b""  # comes when the service has seen that the one before is gone
        self._gone_told = True
        self._gone_s = float("inf")  # when the service was first told of the gap
        self._hangs_up = False
        self._powered = False
        self._buffer = bytearray()
        self._light: asyncio.Future[float] | None = None
        self._lit = 0

    # --- plugs -------------------------------------------------------------------------------------------------------

    def plug(self) -> None:
        self._buffer.clear()
        self._gone_told = not self._uid  # who looks at it now knows of no card before
        self.line.plug()
        if self.service is not None:
            self.service.look_again()

    def unplug(self) -> None:
        self.line.unplug()
        if self.service is not None:
            self.service.look_again()

    def hang_up(self) -> None:
        """Fall silent for good, once the service has its next answer."""
        self._hangs_up = True

    def takes_cards(self) -> bool:
        """It is plugged in."""
        return self.line.plugged

    def number(self, card: bytes) -> str:
        """Form and number of a card as this reader tells it."""
        return f"uid{len(card)}:{card.hex().upper()}"

    # --- cards -------------------------------------------------------------------------------------------------------

    def hold(self, uid: bytes) -> None:
        """A card comes before the reader and stays; the one before it is taken away first."""
        self.take_away()
        if self._gone_told:
            self._uid, self._gone_told = uid, False
        else:
            self._next = uid

    def take_away(self) -> None:
        self._uid, self._next, self._powered = b"", b"", False

    async def show(self, card: bytes, patience_s: float) -> str:
        """Hold a card until a light comes; returns its letter, or nothing if none came in time."""
        self._light = asyncio.get_running_loop().create_future()
        self.hold(card)
        shown_s = time.monotonic()
        try:
            async with asyncio.timeout(patience_s):
                at_s = await self._light
        except TimeoutError:
            self.last_light = ""
            return ""
        finally:
            self._light = None
            self.take_away()
        self.latency_ms.append((at_s - shown_s) * 1e3)
        return self.last_light

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _hear(self, data: bytes) -> None:
        self._buffer += data
        while (start := self._buffer.find(FRAME)) >= 0:
            del self._buffer[:start]
            if len(self._buffer) < len(FRAME) + HEAD.size + 1:
                return
            kind, length, slot, sequence, _ = HEAD.unpack_from(self._buffer, len(FRAME))
            end = len(FRAME) + HEAD.size + length + 1
            if len(self._buffer) < end:
                return
            frame = bytes(self._buffer[:end])
            del self._buffer[:end]
            sent_s = self.line.send(frame + self._reply(kind, slot, sequence, frame[len(FRAME) + HEAD.size : -1]))
            if self._hangs_up:
                asyncio.get_running_loop().call_later(sent_s + READ_S, self.line.unplug)

    def _reply(self, kind: int, slot: int, sequence: int, data: bytes) -> bytes:
        status, error, answer = self._answer(kind, data)
        message = FRAME + HEAD.pack(ANSWERS.get(kind, 0x80), len(answer), slot, sequence, bytes((status, error, 0)))
        message += answer
        check = 0
        for byte in message:
            check ^= byte
        return message + bytes((check,))

    def _answer(self, kind: int, data: bytes) -> tuple[int, int, bytes]:
        """Status, error and data of the answer to one command."""
        if kind == ESCAPE:
            return self._status(), 0, self._escape(data)
        if kind in (POWER_ON, TRANSFER) and not self._uid:
            return FAILED | ABSENT, MUTE, b""
        if kind == POWER_ON:
            self._powered = True
            return ACTIVE, 0, ATR
        if kind == POWER_OFF:
            self._powered = False
        if kind == GET_STATUS:
            return self._look(), 0, b""
        if kind in (SET_PARAMETERS, PARAMETERS):
            return self._status(), 0, data if kind == SET_PARAMETERS else T0_PARAMETERS
        return self._status(), 0, self._transfer(data) if kind == TRANSFER else b""

    def _look(self) -> int:
        """What the service is told when it asks; a card that waits comes after it has heard of the gap.

        It asks for reasons of its own too and then does not mind the answer: a gap lasts until it asks again, later.
        """
        self.looks += 1
        status, now_s = self._status(), time.monotonic()
        if status != ABSENT:
            self._gone_s = float("inf")
            return status
        self._gone_s = min(self._gone_s, now_s)
        if self._gone_told or now_s - self._gone_s > PERIOD_S:
            self._gone_told = True
            if self._next:
                self.hold(self._next)
        return status

    def _status(self) -> int:
        return (ACTIVE if self._powered else INACTIVE) if self._uid else ABSENT

    def _escape(self, data: bytes) -> bytes:
        """For the reader itself, with or without a card; 02 is how the driver asks what reader this is."""
        return FIRMWARE if data == b"\x02" else b"" if data[:1] == b"\x01" else self._own(data)

    def _transfer(self, apdu: bytes) -> bytes:
        if apdu != GET_UID:
            return self._own(apdu)
        self.read_times += 1
        return self.answer(self._uid) if self.answer else self._uid + b"\x90\x00"

    def _own(self, apdu: bytes) -> bytes:
        """LED and buzzer; everything else the reader does not know."""
        if apdu[:3] == BUZZER:
            self.own_beep = apdu[3] != 0
            return b"\x90\x00"
        if apdu[:3] != LED or len(apdu) != 9:
            return b"\x63\x00"
        wanted, tenths, repetitions, buzzer = apdu[3], apdu[5], apdu[7], apdu[8]
        mask, blinks = wanted >> 2 & 3, wanted >> 6 & 3
        self._lit = self._lit & ~mask | wanted & mask
        self.beeps += repetitions if buzzer else 0
        steady = LETTERS.get((self._lit, tenths if buzzer and repetitions else 0), "")
        self.last_light = BLINKING.get(blinks, "") if blinks else steady
        if self._light is not None and not self._light.done():
            self._light.set_result(time.monotonic())
        return bytes((0x90, self._lit))
