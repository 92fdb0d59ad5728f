"""RS-485 on ptys: what one end says all others hear, paced to the baud rate; who interrupts is not heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from simulator.serial_line import BITS_A_BYTE, SerialLine


class SerialBus:
    """Ends by name; each is a SerialLine, which can be unplugged by itself.

    silent   ends that nobody hears: their transmitter is dead
    disturb  what becomes of what an end says, on its way to the others
    """

    def __init__(self, folder: Path, names: list[str], *, baud: int = 9600) -> None:
        self.ends = {name: SerialLine(folder / name, baud=baud) for name in names}
        self.silent: set[str] = set()
        self.disturb: dict[str, Callable[[bytes], bytes]] = {}
        self.said = bytearray()  # all that went over the wires
        self._byte_s = BITS_A_BYTE / baud
        self._talker = ""
        self._until_s = 0.0
        for name, end in self.ends.items():
            end.on_data = self._carrier(name)

    def plug(self) -> None:
        for end in self.ends.values():
            end.plug()

    def unplug(self) -> None:
        for end in self.ends.values():
            end.unplug()

    def _carrier(self, name: str) -> Callable[[bytes], None]:
        def carry(data: bytes) -> None:
            if name in self.silent:
                return
            if name in self.disturb:
                data = self.disturb[name](data)
            self._say(name, self._collided(name, data))

        return carry

    def _collided(self, name: str, data: bytes) -> bytes:
        now_s = asyncio.get_running_loop().time()
        both = now_s < self._until_s and name != self._talker
        self._talker, self._until_s = name, max(now_s, self._until_s) + len(data) * self._byte_s
        return bytes(byte ^ 0x55 for byte in data) if both else data

    def _say(self, name: str, data: bytes) -> None:
        self.said += data
        for other, end in self.ends.items():
            if other != name and end.plugged and data:
                end.send(data)
