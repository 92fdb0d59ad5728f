"""OSDP v2 card readers on RS-485: several on one port, always through the secure channel, with light and buzzer.

Wire    osdp_frame.py; 8N1; the panel asks each reader some twenty times a second.
Source  SIA OSDP 2.2 = IEC 60839-11-5; libosdp 3.2.
Raises  DeviceError P-1xx of the port, R-201 silent, R-202 another key, R-203 cannot encrypt, R-204 no key, R-205 keeps
        its key, R-206 two settings of one port disagree; T-12x of the secret. A bad frame or card is counted, never a
        tap.
Parts   osdp_bus.py whose turn it is, osdp_member.py one reader, osdp_panel.py libosdp, osdp_frame.py, osdp_card.py.
Not     who may eat: agent/school decides that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from drivers.driver import Clock, Finding, SecretName, Secrets
from drivers.errors import DeviceError
from drivers.readers.osdp_keys import Keys, keys_of
from drivers.readings import ContactChange, Light, Tap
from drivers.serial_port import probed

if TYPE_CHECKING:  # libosdp is loaded where the reader is opened, not where it is configured
    from drivers.readers.osdp_bus import Bus
    from drivers.readers.osdp_member import Member

Colour = Literal["red", "green", "amber", "blue", "magenta", "cyan", "white"]


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a reader shows for one light."""

    colour: Colour
    seconds: Annotated[float, Meta(ge=0.1, le=25)] = 2.0
    blink: bool = False
    beeps: Annotated[int, Meta(ge=0, le=10)] = 0
    beep_s: Annotated[float, Meta(ge=0.1, le=2, description="how long each beep is")] = 0.1


LIGHTS = {
    Light.ACCEPTED: Shown(colour="green", beeps=1),
    Light.REFUSED: Shown(colour="red", beeps=3),
    Light.WAIT: Shown(colour="amber", blink=True),
    Light.READY: Shown(colour="amber", seconds=15, beeps=1),  # until the next card
    Light.UNKNOWN: Shown(colour="red", blink=True, beeps=1, beep_s=0.8),
    Light.ALARM: Shown(colour="red", blink=True, beeps=3),
    Light.ALERT: Shown(colour="red", blink=True, beeps=2),
    Light.DRILL: Shown(colour="amber", blink=True, beeps=1),
}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about such a reader."""

    port: Annotated[
        str, Meta(description="the RS-485 port by its stable udev name", examples=["/dev/bus-gate"], min_length=1)
    ]
    address: Annotated[int, Meta(ge=0, le=126, description="the reader's own on this bus", examples=[1])]
    key: Annotated[
        SecretName,
        Meta(
            description="name of the secret with the reader's key: `mektep secret NAME --new` makes one",
            examples=["osdp-gate-1"],
            min_length=1,
        ),
    ]
    baud: Annotated[
        Literal[9600, 19200, 38400, 57600, 115200], Meta(description="line speed, the same for all on the port")
    ] = 9600
    install: Annotated[
        bool, Meta(description="write the key into a reader that has the default key; only while it is installed")
    ] = False
    lights: Annotated[
        dict[Light, Shown],
        Meta(description='what to show; e.g. { accepted = { colour = "green", seconds = 2, beeps = 1 } }'),
    ] = {}

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        return ((self.port, f"address {self.address}"),)


class OsdpReader:
    """An open reader: taps, cover and power one by one."""

    def __init__(self, bus: Bus, member: Member, lights: dict[Light, Shown]) -> None:
        self.counters = member.counters
        self._bus = bus
        self._member = member
        self._lights = LIGHTS | lights

    async def __aiter__(self) -> AsyncIterator[Tap | ContactChange]:
        while True:
            yield await self._bus.next_reading(self._member)

    async def show(self, light: Light) -> None:
        from drivers.readers.osdp_panel import buzzer, led

        shown = self._lights[light]
        lamp = led(shown.colour, tenths=round(shown.seconds * 10), blink=shown.blink)
        sound = buzzer(shown.beeps, tenths=round(shown.beep_s * 10))
        self._bus.show(self._member, [lamp, sound] if shown.beeps else [lamp])


def probe(settings: Settings) -> Finding:
    """Whether the port can be opened; a port held by the running agent is in order."""
    return probed(settings.port, then="; show a card to test the reader")


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[OsdpReader]:
    """Open the reader; it works when this is entered. Raises DeviceError."""
    from drivers.readers.osdp_bus import join

    keys = _keys(settings, secrets)
    async with join(settings.port, clock, baud=settings.baud, address=settings.address, keys=keys) as (bus, member):
        await bus.until_reads(member)
        yield OsdpReader(bus, member, settings.lights)


def _keys(settings: Settings, secrets: Secrets) -> Keys:
    keys = keys_of(secrets(settings.key), install=settings.install)
    if keys is None:
        raise DeviceError(
            "R-204", f"the secret {settings.key} is no key of 32 hex digits",
            do=f"Run: sudo mektep secret {settings.key} --new, or store the key that the reader has.",
        )  # fmt: skip
    return keys
