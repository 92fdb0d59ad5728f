"""A board with smoke sensors on a serial line: the lines that docs/drivers/smoke-serial.md promises, and its faults."""

from __future__ import annotations

import asyncio
from pathlib import Path

from simulator.serial_line import SerialLine

NORMAL, SMOKE, WARMING, FAULT = "N", "S", "W", "F"
QUIET, SMOKY = 2_130, 8_400  # readings of an MQ-2 in clean air and in smoke: sums of sixteen


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc


def smoke_line(sequence: int, zone: int, state: str, raw: int) -> bytes:
    body = f"S1,{sequence % 256:03d},{zone:02d},{state},{raw:05d}".encode()
    return body + f"*{crc16(body):04X}\r\n".encode()


class SmokeSensor:
    """Each zone says how it is once a beat, and at once when that changes."""

    def __init__(self, link: Path, zones: int = 1, *, beat_s: float = 1.0) -> None:
        self.line = SerialLine(link)
        self.states = dict.fromkeys(range(1, zones + 1), NORMAL)
        self.mute: set[int] = set()  # zones whose sensor the board has forgotten
        self.frozen = False  # the readings do not move
        self.raw: dict[int, int] = {}  # a zone's reading, where it is not what its state makes it
        self._beat_s = beat_s
        self._sequence = 0
        self._task: asyncio.Task[None] | None = None

    def plug(self) -> None:
        self.line.plug()
        self._task = asyncio.create_task(self._beat(), name="smoke board")

    def unplug(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self.line.unplug()

    def set(self, zone: int, state: str) -> None:
        self.states[zone] = state
        self._tell(zone)

    async def _beat(self) -> None:
        while True:
            for zone in self.states:
                if zone not in self.mute:
                    self._tell(zone)
            await asyncio.sleep(self._beat_s)

    def _tell(self, zone: int) -> None:
        state = self.states[zone]
        raw = self.raw.get(zone, SMOKY if state == SMOKE else QUIET) + (0 if self.frozen else self._sequence % 7)
        self._sequence += 1
        self.line.send(smoke_line(self._sequence, zone, state, raw))
