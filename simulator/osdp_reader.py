"""OSDP readers on an RS-485 bus, as a child meets them: a card, a light, a beep. They run in a process of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

from simulator.serial_bus import SerialBus

LIGHTS = {  # the standard's number of red, green or amber; whether it blinks
    (1, False): "R", (1, True): "U", (2, False): "G", (3, False): "A", (3, True): "W",
}  # fmt: skip
AGENT, READERS = "agent", "readers"


class OsdpReader:
    """A reader; show() holds a card before it and tells which light came.

    key     what it has in its memory: b"" = none, the default key; the agent may write another
    beeps   of its last signal, each of beep_s
    """

    card_bytes = 4

    def __init__(self, bus: OsdpBus, name: str, address: int, key: bytes) -> None:
        self.name = name
        self.address = address
        self.key = key
        self.kind = "osdp"
        self.last_light = ""
        self.beeps = 0
        self.beep_s = 0.0
        self.shown_s = 0.0  # when the reader had the last card, time.monotonic()
        self.latency_ms: list[float] = []
        self.keysets = 0
        self._bus = bus
        self._ready = asyncio.Event()
        self._light: asyncio.Future[tuple[str, float]] | None = None

    def takes_cards(self) -> bool:
        """It has power, and its bus reaches the agent."""
        return self._ready.is_set() and self._bus.line.plugged

    def number(self, card: bytes) -> str:
        """Form and number of a card of four bytes as this reader tells it."""
        return f"wiegand34:{card.hex().upper()}"

    async def show(self, card: bytes, patience_s: float) -> str:
        """Hold a card; returns its light's letter, or nothing if none came in time.

        Three bytes are sent as Wiegand-26, four as Wiegand-34, others as they are. Who got no light takes the card
        away: what nobody has asked the reader for meanwhile is forgotten, or its light would be the next one's.
        """
        self._light = asyncio.get_running_loop().create_future()
        began_s = time.monotonic()
        self.hold(*wiegand(card))
        try:
            async with asyncio.timeout(patience_s):
                self.last_light, at_s = await self._light
        except TimeoutError:
            self.last_light = ""
            self._bus.order({"address": self.address, "away": True})
            return ""
        finally:
            self._light = None
        self.latency_ms.append((at_s - began_s) * 1e3)
        return self.last_light

    def hold(self, bits: int, data: bytes) -> None:
        """A card of any length, well made or not."""
        self._bus.order({"address": self.address, "bits": bits, "card": data.hex()})

    def cover(self, *, opened: bool) -> None:
        self._bus.order({"address": self.address, "tamper": int(opened)})

    def weak_power(self, *, weak: bool) -> None:
        self._bus.order({"address": self.address, "power": int(weak)})

    def know_nothing(self) -> None:
        """As the plainest of readers: no light, no buzzer, no status."""
        self._bus.order({"address": self.address, "knows": False})

    async def switch_on(self) -> None:
        self._ready.clear()
        self._bus.order({"address": self.address, "on": self.key.hex()})
        await self._ready.wait()

    def switch_off(self) -> None:
        self._ready.clear()
        self._bus.order({"address": self.address, "off": True})

    def said(self, word: dict[str, Any]) -> None:
        """What its process tells of it."""
        if "led" in word and self._light is not None and not self._light.done():
            self._light.set_result((LIGHTS.get((word["led"], word["blinks"]), ""), word["at"]))
        if "ready" in word:
            self._ready.set()
        if "key" in word:
            self.key = bytes.fromhex(word["key"])
            self.keysets += 1
        self.beeps = word.get("beeps", self.beeps)
        self.beep_s = word.get("beep_s", self.beep_s)
        self.shown_s = word["at"] if "shown" in word else self.shown_s


class OsdpBus:
    """The wires, the readers on them and their process; the agent opens `line.link`."""

    def __init__(self, folder: Path, name: str, *, baud: int = 9600) -> None:
        self.baud = baud
        self.readers: dict[int, OsdpReader] = {}
        self.wires = SerialBus(folder, [name, f"{name}-{READERS}"], baud=baud)
        self.line = self.wires.ends[name]
        self._log = folder / f"{name}.log"
        self.far = f"{name}-{READERS}"  # the readers' end
        self._process: Process | None = None
        self._listening: asyncio.Task[None] | None = None

    def add(self, name: str, address: int, key: bytes) -> OsdpReader:
        reader = self.readers[address] = OsdpReader(self, name, address, key)
        return reader

    async def start(self) -> None:
        """Plug all in, and switch the readers on."""
        self.wires.plug()
        command = [sys.executable, "-m", "simulator.osdp_device", str(self.wires.ends[self.far].link)]
        with open(self._log, "ab") as log:  # libosdp writes to standard error what it thinks of the other side
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=log)
        self._listening = asyncio.create_task(self._listen(self._process))
        for reader in self.readers.values():
            await reader.switch_on()

    async def stop(self) -> None:
        if self._process is not None and self._listening is not None:
            assert self._process.stdin is not None  # noqa: S101  it was made with a pipe
            self._process.stdin.close()
            await self._process.wait()
            await self._listening
        self.wires.unplug()

    def order(self, what: dict[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def _listen(self, process: Process) -> None:
        while process.stdout is not None and (line := await process.stdout.readline()):
            with contextlib.suppress(ValueError):  # libosdp prints, too
                word = json.loads(line)
                self.readers[word["address"]].said(word)


def wiegand(card: bytes) -> tuple[int, bytes]:
    """The number with its two parity bits around it, packed; a UID of another length as it is."""
    size = len(card) * 8
    if size not in (24, 32):
        return size, card
    value = int.from_bytes(card, "big")
    half = size // 2
    even = (value >> half).bit_count() & 1
    odd = 1 - ((value & ((1 << half) - 1)).bit_count() & 1)
    bits = size + 2
    framed = even << (bits - 1) | value << 1 | odd
    return bits, (framed << (-bits % 8)).to_bytes((bits + 7) // 8, "big")
