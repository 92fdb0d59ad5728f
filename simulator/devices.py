"""The devices of one school, each with its lines of the agent's configuration: a few, or one of each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from simulator.card_reader import CardReader
from simulator.fire_panel import FirePanel
from simulator.footage_cameras import footage_cameras
from simulator.more_devices import MoreDevices
from simulator.programme import Part

NO_USES: Mapping[str, str] = MappingProxyType({})  # only that a card was shown is recorded
SERIAL_READER = """
[[reader]]
name = "{name}"
place = "kitchen"
driver = "serial_ascii"
port = "{port}"
format = "{format}"
alerts = ["fire"]

[reader.lights]
accepted = "G\\n"
refused = "R\\n"
wait = "W\\n"
ready = "A\\n"
unknown = "U\\n"
alert = "!\\n"
drill = "?\\n"
"""
PANEL = """
[[sensor]]
name = "fire-panel"
driver = "modbus_panel"
profile = "bolid-s2000-pp"
{where}
unit = 2
zones = {{ 1 = "canteen", 2 = "kitchen", 3 = "gym", 4 = "library" }}
"""


class TakesCards(Protocol):
    """A card reader of any kind, as a child meets it.

    A light's letter: G accepted, R refused, W wait, A ready for the next card (after an operator's), U unknown card.
    """

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
        """Hold a card; returns its light's letter, or nothing if none came in time."""
        ...


class Devices:
    """start() switches all of them on.

    more     one of every further kind, if asked for: simulator/more_devices.py
    uses     what a reader is for, by its name, as lines of the configuration
    footage  cameras that play these parts
    """

    def __init__(
        self, box: Path, *, every_kind: bool = False, uses: Mapping[str, str] = NO_USES, footage: Sequence[Part] = ()
    ) -> None:
        self.uses = uses
        self.serial_readers = [
            CardReader("canteen-1", box / "canteen-1", "em4100"),
            CardReader("canteen-2", box / "canteen-2", "ironlogic"),
        ]
        self.panel = FirePanel(box, "fire-panel", zones=4)
        self.more = MoreDevices(box) if every_kind else None
        self.footage = footage_cameras(footage, box / "camera")

    def readers(self) -> list[TakesCards]:
        """All that take cards."""
        if self.more is None:
            return [*self.serial_readers]
        return [*self.serial_readers, *self.more.osdp.readers.values(), self.more.pcsc, self.more.hall]

    def config(self) -> str:
        """The devices' part of the agent's configuration."""
        parts = [
            SERIAL_READER.format(name=reader.name, port=reader.line.link, format=reader.kind)
            for reader in self.serial_readers
        ]
        parts.append(PANEL.format(where=f'port = "{self.panel.agent_end.link}"'))
        parts += [self.more.config()] if self.more else []
        text = "".join([*parts, *(camera.config() for camera in self.footage)])
        for name, use in self.uses.items():
            text = text.replace(f'name = "{name}"\n', f'name = "{name}"\n{use}\n')
        return text

    async def start(self) -> None:
        for reader in self.serial_readers:
            reader.line.plug()
        await self.panel.start()
        if self.more:
            await self.more.start()
        for camera in self.footage:
            await camera.rtsp.start()

    def let_go(self) -> None:
        """After a kill: what the agent had open is free, as a true port is."""
        if self.more:
            self.more.let_go()

    async def stop(self) -> None:
        for camera in self.footage:
            await camera.rtsp.stop()
        if self.more:
            await self.more.stop()
        await self.panel.stop()
        for reader in self.serial_readers:
            reader.line.unplug()
