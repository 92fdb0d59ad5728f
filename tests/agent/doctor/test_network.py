"""The way to the centre, broken at each step; addresses and routes as the kernel writes them."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec
import pytest

from agent.doctor import network
from agent.doctor.network import broker, gateway, link, name
from agent.doctor.site import Site
from tests.agent.doctor.boxes import box, configured, programs, told

ADDRESS = (
    """[{"ifname": "eth0", "addr_info": [{"local": "%s"}]}, {"ifname": "lo", "addr_info": [{"local": "127.0.0.1"}]}]"""
)
ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0102A8C0\t0003\t0\t0\t202\t00000000\t0\t0\t0
eth0\t0002A8C0\t00000000\t0001\t0\t0\t202\t00FFFFFF\t0\t0\t0
"""
ARP = """IP address       HW type     Flags       HW address            Mask     Device
192.168.2.1      0x1         {}         b8:27:eb:00:00:01     *        eth0
"""


def away(site: Site, host: str = "broker.example", port: int = 8883) -> Site:
    """Its broker is elsewhere."""
    assert site.config
    centre = msgspec.structs.replace(site.config.centre)
    msgspec.structs.force_setattr(centre, "broker", f"mqtts://{host}:{port}")
    return msgspec.structs.replace(site, config=msgspec.structs.replace(site.config, centre=centre))


def carrier(word: str) -> dict[str, str]:
    return {"sys/class/net/eth0/carrier": word, "sys/class/net/eth0/type": "1", "sys/class/net/lo/carrier": "1"}


@pytest.mark.parametrize(
    ("word", "address", "found"),
    [
        ("1", "192.168.2.7", "ok"),
        ("0", "", "fault H-141"),
        ("1", "fe80::1", "fault H-142"),
        ("1", "169.254.3.4", "fault H-142"),
    ],
)
def test_cable_and_address(tmp_path: Path, word: str, address: str, found: str) -> None:
    run = programs(ip=ADDRESS % address) if address else programs()
    assert told(link(away(configured(tmp_path, carrier(word), run=run)))) == [found]


def test_a_box_without_the_program_that_tells_addresses(tmp_path: Path) -> None:
    assert told(link(away(configured(tmp_path, carrier("1"))))) == ["ok"]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, "fault H-143"),
        ({"proc/net/route": ROUTES}, "ok"),
        ({"proc/net/route": ROUTES, "proc/net/arp": ARP.format("0x2")}, "ok"),
        ({"proc/net/route": ROUTES, "proc/net/arp": ARP.format("0x0")}, "fault H-143"),
        ({"proc/net/ipv6_route": f"{'0' * 32} 00 {'0' * 32} 00 fe80"}, "ok"),
    ],
)
def test_the_router_is_known_and_was_heard(tmp_path: Path, files: dict[str, str], found: str) -> None:
    (finding,) = gateway(away(configured(tmp_path, files)))
    assert told([finding]) == [found]
    if "proc/net/route" in files:
        assert "192.168.2.1" in finding.fact


def test_a_broker_of_this_machine_needs_no_network(tmp_path: Path) -> None:
    site = configured(tmp_path)
    assert [told(check(site)) for check in (link, gateway, name)] == [["ok"]] * 3


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    assert told(name(away(configured(tmp_path), "no-such-broker.invalid"))) == ["fault L-102"]


def test_a_broker_that_answers_and_one_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        site = away(configured(tmp_path), "127.0.0.1", server.getsockname()[1])
        assert told(broker(site)) == ["ok"]
        monkeypatch.setattr(network, "SLOW_S", 0.0)
        assert told(broker(site)) == ["note H-144"]
    assert told(broker(site)) == ["fault L-103"]


def test_without_a_configuration_nobody_knows_where_to_look(tmp_path: Path) -> None:
    assert name(box(tmp_path)) == broker(box(tmp_path)) == []
