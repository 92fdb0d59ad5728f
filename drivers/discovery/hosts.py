"""Which hosts of a network have one of our ports open: TCP only, few at a time, so that no switch or camera suffers.

Raises  ValueError if it is no network, or one so large that the look would be a flood.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from drivers.discovery.found import Tick

PREFIX_LEAST = 22  # 1022 hosts
AT_ONCE = 32
EACH_S = 0.01  # so many seconds apart: at most 100 connections a second
CONNECT_S = 1.0


class Host(msgspec.Struct, frozen=True):
    """A host with its open ports, of those asked for."""

    address: str
    ports: tuple[int, ...]


def network(text: str) -> ipaddress.IPv4Network:
    """Raises ValueError with what to write instead."""
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(f"{text} is no network; write it like 192.168.1.0/24") from error
    if not isinstance(found, ipaddress.IPv4Network) or found.prefixlen < PREFIX_LEAST:
        raise ValueError(f"{text} is too large: at most /{PREFIX_LEAST}, such as 192.168.0.0/{PREFIX_LEAST}")
    if not (found.is_private or found.is_loopback):
        raise ValueError(f"{text} is not a private network: this looks at the school's own network only")
    return found


async def look(
    where: ipaddress.IPv4Network, ports: Sequence[int], tick: Tick, alone: Callable[[str], object] = lambda _host: False
) -> AsyncIterator[Host]:
    """The hosts that have a port open, by address; those that are to be left `alone` are not connected to."""
    room = asyncio.Semaphore(AT_ONCE)
    addresses = [address for host in where.hosts() if not alone(address := str(host))]
    waiting = []
    for number, address in enumerate(addresses):
        await room.acquire()
        waiting.append(asyncio.ensure_future(_open_ports(address, ports, room)))
        tick(number, len(addresses))
        await asyncio.sleep(EACH_S * len(ports))
    for address, found in zip(addresses, await asyncio.gather(*waiting), strict=True):
        if found:
            yield Host(address, found)
    tick(1, 1)


async def _open_ports(address: str, ports: Sequence[int], room: asyncio.Semaphore) -> tuple[int, ...]:
    try:
        opened = await asyncio.gather(*(_is_open(address, port) for port in ports))
        return tuple(port for port, is_open in zip(ports, opened, strict=True) if is_open)
    finally:
        room.release()


async def _is_open(address: str, port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
