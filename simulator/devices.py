"""The devices of one school, each with its lines of the agent's configuration: a few, or one of each kind."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from simulator.card_reader import CardReader
from simulator.fire_panel import FirePanel
from simulator.osdp_reader import OsdpBus
from simulator.pcsc_reader import PcscReader
from simulator.pcsc_service import PcscService
from simulator.processes import free_port
from simulator.smoke_detector import SmokeDetector

SERIAL_READER = """
[[reader]]
name = "{name}"
driver = "serial_ascii"
port = "{port}"
format = "{format}"
lights = {{ accepted = "G\\n", refused = "R\\n", wait = "W\\n" }}
"""
OSDP_NAMES = ("gym-1", "gym-2")
PCSC_NAME = "ACS ACR122U simulated"
PCSC_READER = """
[[reader]]
name = "{name}"
driver = "pcsc"
reader = "ACS ACR122U*"
lights = "acr122u"
"""
OSDP_READER = """
[[reader]]
name = "{name}"
driver = "osdp"
port = "{port}"
address = {address}
key = "osdp-{name}"
install = true
baud = {baud}
"""
PANEL = """
[[sensor]]
name = "fire-panel"
driver = "modbus_panel"
profile = "bolid-s2000-pp"
port = "{port}"
unit = 2
zones = {{ 1 = "canteen", 2 = "corridor", 3 = "gym", 4 = "library" }}
"""
DETECTOR = """
[[sensor]]
name = "duct"
driver = "modbus_panel"
profile = "calectro-ug-3"
host = "127.0.0.1"
tcp_port = {port}
zones = {{ 1 = "ventilation duct, kitchen" }}
"""


class TakesCards(Protocol):
    """A card reader of any kind, as a child meets it."""

    name: str
    card_bytes: int  # how long the number of its cards is
    last_light: str
    latency_ms: list[float]

    def takes_cards(self) -> bool:
        """It is there and has power."""
        ...

    def number(self, card: bytes) -> str:
        """Form and number of a card, as this reader tells it."""
        ...

    async def show(self, card: bytes, patience_s: float) -> str:
        """Hold a card; returns G, W or R, or nothing if no light came in time."""
        ...


class Devices:
    """start() switches all of them on.

    every_kind  one of each kind that can be simulated, not only two serial readers and a fire panel
    """

    def __init__(self, box: Path, *, every_kind: bool = False) -> None:
        self.every_kind = every_kind
        self.serial_readers = [
            CardReader("canteen-1", box / "canteen-1", "em4100"),
            CardReader("canteen-2", box / "canteen-2", "ironlogic"),
        ]
        self.panel = FirePanel(box, "fire-panel", zones=4)
        self.detector = SmokeDetector("duct", free_port()) if every_kind else None
        self.osdp = OsdpBus(box, "rs-485", baud=38400) if every_kind else None
        for address, name in enumerate(OSDP_NAMES, 1):
            if self.osdp:
                self.osdp.add(name, address, key=b"")  # as from the maker: the agent writes its key
        self.pcsc = PcscReader("library", box / "library") if every_kind else None
        self._pcscd_socket = box / "pcscd.comm"
        self.pcscd: PcscService | None = None
        self._box = box

    def readers(self) -> list[TakesCards]:
        """All that take cards."""
        more: list[TakesCards] = [*self.osdp.readers.values()] if self.osdp else []
        return [*self.serial_readers, *more, *([self.pcsc] if self.pcsc else [])]

    def config(self) -> str:
        """The devices' part of the agent's configuration."""
        parts = [
            SERIAL_READER.format(name=reader.name, port=reader.line.link, format=reader.kind)
            for reader in self.serial_readers
        ]
        if self.osdp:
            parts += [
                OSDP_READER.format(name=one.name, port=self.osdp.line.link, address=address, baud=self.osdp.baud)
                for address, one in self.osdp.readers.items()
            ]
        if self.pcsc:
            parts.append(PCSC_READER.format(name=self.pcsc.name))
        parts.append(PANEL.format(port=self.panel.agent_end.link))
        if self.detector:
            parts.append(DETECTOR.format(port=self.detector.port))
        return "".join(parts)

    def secrets(self) -> list[str]:
        """Names of the secrets that the box must make: `mektep secret NAME --new`."""
        return [f"osdp-{name}" for name in OSDP_NAMES] if self.osdp else []

    def environment(self) -> dict[str, str]:
        """What the agent must be told by its environment: where services lie that are not the system's own."""
        return {"PCSCLITE_CSOCK_NAME": str(self._pcscd_socket)} if self.pcsc else {}

    async def start(self) -> None:
        for reader in self.serial_readers:
            reader.line.plug()
        await self.panel.start()
        if self.detector:
            await self.detector.start()
        if self.osdp:
            await self.osdp.start()
        if self.pcsc:
            self.pcscd = PcscService(self._box, self._pcscd_socket, {PCSC_NAME: self.pcsc.line.link})
            self.pcsc.plug()
            await self.pcscd.start()
            self.pcsc.service = self.pcscd

    def let_go(self) -> None:
        """After a kill: what the agent had open is free, as a true port is."""
        if self.osdp:
            self.osdp.line.let_go()

    async def stop(self) -> None:
        await self.panel.stop()
        if self.detector:
            await self.detector.stop()
        if self.osdp:
            await self.osdp.stop()
        if self.pcsc and self.pcscd:
            self.pcsc.service = None
            self.pcsc.unplug()
            await self.pcscd.end()
        for reader in self.serial_readers:
            reader.line.unplug()
