"""The way to the centre, step by step: cable, address, router, name, broker. Nothing is sent but for a connection.

Source  sysfs-class-net (carrier, operstate), proc_net(5) (route, arp), ip-address(8).
Not     TLS and certificates: agent/doctor/tls.py. No ping: many networks drop it, and it needs rights.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from typing import Any

from agent.doctor.finding import Finding, fault, note, well
from agent.doctor.site import Site, number, read
from agent.errors import AgentError
from agent.sync.linkerror import from_exception
from agent.sync.settings import LOOPBACK, LinkSettings

CONNECT_S = 4.0
SLOW_S = 1.0
VIRTUAL = ("lo", "docker", "veth", "br-", "ifb", "tun", "wg", "virbr")
ETHERNET = "1"
COMPLETE = 0x2  # of an entry of the ARP table
NO_ROUTER = "Switch the router off and on; ask the school whether its Internet works."


def link(site: Site) -> list[Finding]:
    """A cable with a link, or a wireless network, and an address."""
    names = [path.name for path in site.under("sys/class/net/*") if _is_real(path.name, read(path / "type"))]
    up = [name for name in names if site.text(f"sys/class/net/{name}/carrier") == "1"]
    if _is_here(site):
        return [well("not needed: the broker is on this machine")]
    if not up:
        do = "Plug the cable in at both ends; the switch's light must burn. Try another cable and another socket."
        return [fault("H-141", f"no network has a link ({', '.join(names) or 'there is none'})", do)]
    addresses = _addresses(site, up)
    if addresses == []:
        do = "Is the router on, and does it give addresses (DHCP)? Else write a fixed one: `sudo nmtui`."
        return [fault("H-142", f"{', '.join(up)} has a link, but no address", do)]
    return [well(f"{', '.join(up)}: {', '.join(addresses or ['a link'])}")]


def _is_real(name: str, kind: str) -> bool:
    return not name.startswith(VIRTUAL) and kind in (ETHERNET, "")


def _is_here(site: Site) -> bool:
    return site.config is not None and site.config.centre.host in LOOPBACK


def _addresses(site: Site, names: list[str]) -> list[str] | None:
    """None if nobody can be asked. An address that the box gave itself (link-local) is none."""
    try:
        told: list[dict[str, Any]] = json.loads(site.run(["ip", "-j", "address"]) or "")
        return [
            one["local"]
            for each in told if each.get("ifname") in names
            for one in each.get("addr_info", []) if not ipaddress.ip_address(one["local"]).is_link_local
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None


def gateway(site: Site) -> list[Finding]:
    """A router, and whether it was heard when it was last needed."""
    if _is_here(site):
        return [well("not needed: the broker is on this machine")]
    routers = _routers(site)
    if not routers:
        if any(line.split()[0] == "0" * 32 for line in site.text("proc/net/ipv6_route").splitlines() if line):
            return [well("by IPv6")]
        return [fault("H-143", "there is no way out of the school's network: no router is known", NO_ROUTER)]
    heard = {
        words[0]: number(words[2], 16) or 0 for words in map(str.split, site.text("proc/net/arp").splitlines()[1:])
    }
    silent = [router for router in routers if router in heard and not heard[router] & COMPLETE]
    if silent:
        return [fault("H-143", f"the router {silent[0]} does not answer on the school's network", NO_ROUTER)]
    return [well(f"router {', '.join(routers)}")]


def _routers(site: Site) -> list[str]:
    found = []
    for line in site.text("proc/net/route").splitlines()[1:]:
        words = line.split()
        if len(words) > 7 and words[1] == words[7] == "00000000" and words[2] != "00000000":
            found.append(socket.inet_ntoa(int(words[2], 16).to_bytes(4, "little")))
    return found


def name(site: Site) -> list[Finding]:
    """The broker's name, if it has one."""
    settings = site.config.centre if site.config else None
    if settings is None:
        return []
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return [of_link(from_exception(error, settings))]
    return [well(f"{settings.host} is {found[0][4][0]}")]


def broker(site: Site) -> list[Finding]:
    """A connection to its port, closed at once."""
    settings = site.config.centre if site.config else None
    if settings is None:
        return []
    began_s = time.monotonic()
    try:
        socket.create_connection((settings.host, settings.port), timeout=CONNECT_S).close()
    except OSError as error:
        return [of_link(from_exception(error, settings))]
    took_s = time.monotonic() - began_s
    return [slow(settings, took_s, SLOW_S) or well(f"{settings.host}:{settings.port} answers in {took_s * 1e3:.0f} ms")]


def slow(settings: LinkSettings, took_s: float, limit_s: float) -> Finding | None:
    """None if it is not."""
    if took_s < limit_s:
        return None
    do = "Nothing: alarms go first, the rest follows. If it stays so, ask the school for its line."
    return note("H-144", f"the line is slow: {settings.host} took {took_s:.1f} s to answer", do)


def of_link(error: AgentError) -> Finding:
    """In the words of the link's own troubles."""
    return fault(error.code, error.what, error.do)
