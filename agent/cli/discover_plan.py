"""What is looked at, in which order, what at the same time, and what is left alone.

Left alone   ports that somebody holds, on which the kernel writes, or which the configuration names; hosts that the
             configuration names. A port is written to only with `probe`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from agent.cli.discover_configured import Configured
from drivers import catalog
from drivers.discovery import (
    chips,
    csi_cameras,
    hosts,
    keyboards,
    modbus_host,
    onvif,
    pcsc_readers,
    ports,
    rtsp,
    usb_cameras,
)
from drivers.discovery.found import Found, Kind, Sure, Tick, Why, printable
from drivers.discovery.hosts import Host
from drivers.discovery.ports import Port
from drivers.driver import Clock

T = TypeVar("T")
HOSTS_AT_ONCE = 16
TYPING_GAP_NS = 200_000_000  # wider than the driver's: the pause that it needs is not known yet


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the technician asked for."""

    root: Path
    listen_s: float
    probe: bool
    ports: tuple[str, ...]  # touch these only; empty: every free one
    network_s: float  # how long cameras may answer; 0: no question
    interfaces: tuple[str, ...]
    hosts: tuple[str, ...]
    scan: ipaddress.IPv4Network | None
    rtsp_port: int = rtsp.PORT
    modbus_port: int = modbus_host.PORT


class Bars(Protocol):
    """Shows how far a look is."""

    def bar(self, words: str, title: str) -> Tick: ...

    def show_cards(self, count: int) -> None:
        """Tell the person to show a card to each reader now."""
        ...


async def gather(wish: Wish, configured: Configured, clock: Clock, bars: Bars) -> list[Found]:
    """Everything that is there, each thing once, with its name in the configuration."""
    free, missing = _touched(wish, configured)
    looked = [
        *([ports.look(wish.root), chips.look(wish.root), keyboards.look(wish.root), usb_cameras.look(wish.root)]),
        *([pcsc_readers.look(wish.root)]),
        *([csi_cameras.look()] if wish.root == Path("/") else []),
        _network(wish, configured, bars),
        *([_ask_port(port, clock, bars) for port in free] if wish.probe else []),
    ]
    found = [one for many in await asyncio.gather(*map(_all, looked)) for one in many]
    if wish.listen_s:
        answered = {one.name for one in found if one.sure is Sure.CERTAIN and one.kind in (Kind.READER, Kind.PANEL)}
        typing = [one for one in found if _types(one) and not configured.name_of(one) and not wish.ports]
        silent = [port for port in free if port.name not in answered]
        found += await _listen(silent, typing, wish.listen_s, clock, bars)
    return merged(_named(one, configured) for one in [*found, *missing])


def _types(one: Found) -> bool:
    """A reader that types, and that the agent does not have."""
    return one.proposal is not None and one.proposal.driver == "hid" and not one.used_by


def _touched(wish: Wish, configured: Configured) -> tuple[list[Port], list[Found]]:
    """The ports that are to be opened, and why that cannot be done."""
    if not (wish.probe or wish.listen_s):
        return [], []
    if find_spec("serial") is None:
        return [], [
            Found(
                kind=Kind.PORT, what="pyserial", name="", sure=Sure.CERTAIN, why=Why.LISTED, code="X-118",
                fact="pyserial is not installed: no port can be opened",
                do=f"Run: {catalog.pip_install('serial')}",
            )
        ]  # fmt: skip
    return touchable(wish, configured), []


def touchable(wish: Wish, configured: Configured) -> list[Port]:
    """The ports that may be opened; none but named ones for a user who cannot see who holds them: X-119 tells that."""
    every, complete = ports.survey(wish.root)
    found = [port for port in every if port.free]
    if wish.ports:
        return [port for port in found if port.true in {os.path.realpath(name) for name in wish.ports}]
    if not complete and os.geteuid() != 0:
        return []
    return [port for port in found if not configured.at(port.true)]


def merged(found: Iterable[Found]) -> list[Found]:
    """What one look supposes gives way to what another knows of the same thing."""
    told = list({(one.kind, one.what, one.name, one.code, one.why): one for one in found}.values())

    def is_outdone(one: Found) -> bool:
        others = [other for other in told if other is not one and (other.kind, other.name) == (one.kind, one.name)]
        if one.sure is not Sure.CERTAIN:
            return any(other.sure is Sure.CERTAIN for other in others)
        return one.kind is Kind.PORT and not one.code and any(other.code for other in others)

    order = list(dict.fromkeys((one.kind, one.name) for one in told))  # a thing stays where it was seen first
    return sorted((one for one in told if not is_outdone(one)), key=lambda one: order.index((one.kind, one.name)))


def _named(one: Found, configured: Configured) -> Found:
    if not one.name.isprintable():  # nobody can write it down
        one = msgspec.structs.replace(one, name=printable(one.name), proposal=None)
    name = configured.name_of(one)
    return msgspec.structs.replace(one, configured=name, proposal=None) if name else one


async def _all(look: AsyncIterator[T]) -> list[T]:
    return [one async for one in look]


async def _ask_port(port: Port, clock: Clock, bars: Bars) -> AsyncIterator[Found]:
    """OSDP first, and Modbus where no reader has answered."""
    from drivers.discovery import modbus_line, osdp_bus  # need pyserial

    readers = await _all(osdp_bus.look(port, clock, bars.bar(port.device, "osdp")))
    for one in readers:
        yield one
    if not readers:
        async for one in modbus_line.look(port, clock, bars.bar(port.device, "modbus")):
            yield one


async def _listen(free: list[Port], typing: list[Found], seconds: float, clock: Clock, bars: Bars) -> list[Found]:
    if not free and not typing:
        return []
    bars.show_cards(len(free) + len(typing))
    looks = [keyboards.listen(one, _typists(), clock, seconds, bars.bar(one.name, "listen")) for one in typing]
    if free:
        from agent.cli.discover_languages import languages  # needs pyserial, as what it listens with does
        from drivers.discovery import listening

        spoken = languages()
        looks += [listening.look(port, spoken, clock, seconds, bars.bar(port.device, "listen")) for port in free]
    return [one for many in await asyncio.gather(*map(_all, looks)) for one in many]


def _typists() -> Mapping[str, Any]:
    """Of each layout of hid: what was typed, at the key that ends it."""
    module = catalog.load("hid")

    def typist(line: Any) -> Any:
        def text(event: Any) -> str:
            heard = line.feed(event)
            return heard.text if isinstance(heard, module.Typed) else ""

        return text

    return {layout.value: typist(module.Line(layout, TYPING_GAP_NS)) for layout in module.Layout}


async def _network(wish: Wish, configured: Configured, bars: Bars) -> AsyncIterator[Found]:
    """Cameras that answer, then RTSP and Modbus at the hosts that are known."""
    answered = await _cameras(wish, bars)
    for one in answered:
        if one.code or configured.name_of(one):
            yield one
    cameras: dict[str, Found | None] = dict.fromkeys(wish.hosts)
    cameras |= {one.host: one for one in answered if not one.code}
    scanned = await _scan(wish, configured, bars)
    cameras |= {one.address: None for one in scanned if wish.rtsp_port in one.ports and one.address not in cameras}
    panels = {*wish.hosts, *(one.address for one in scanned if wish.modbus_port in one.ports)}
    looks = [rtsp.look(host, known, wish.rtsp_port) for host, known in cameras.items() if not configured.at(host)]
    looks += [
        modbus_host.look(host, bars.bar(host, "modbus"), wish.modbus_port) for host in panels if not configured.at(host)
    ]
    for one in await _some_at_once(looks):
        yield one


async def _cameras(wish: Wish, bars: Bars) -> list[Found]:
    if not wish.network_s:
        return []
    tick = bars.bar(", ".join(wish.interfaces), "network")
    found = await _all(onvif.look(wish.interfaces, wish.network_s))
    tick(1, 1)
    return found


async def _scan(wish: Wish, configured: Configured, bars: Bars) -> list[Host]:
    """A panel that takes one connection would give up the agent's for ours."""
    if wish.scan is None:
        return []
    tick = bars.bar(str(wish.scan), "scan")
    return await _all(hosts.look(wish.scan, (wish.rtsp_port, wish.modbus_port), tick, configured.at))


async def _some_at_once(looks: Iterable[AsyncIterator[Found]]) -> list[Found]:
    room = asyncio.Semaphore(HOSTS_AT_ONCE)

    async def ask(look: AsyncIterator[Found]) -> list[Found]:
        async with room:
            return await _all(look)

    return [one for many in await asyncio.gather(*map(ask, looks)) for one in many]


def interfaces() -> tuple[str, ...]:
    """The networks of this box, without the one to itself."""
    return tuple(name for _, name in socket.if_nameindex() if name != "lo")
