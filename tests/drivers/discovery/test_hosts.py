"""Looking through a network: private ones only, bounded, few at a time; loopback is a whole /8 of hosts."""

from __future__ import annotations

import asyncio

import pytest

from drivers.discovery import hosts
from drivers.discovery.hosts import Host, network
from simulator.processes import free_port
from tests.drivers.discovery.looked import Ticks, all_of


@pytest.mark.parametrize("text", ["192.168.1.0/24", "10.0.0.0/22", "192.168.1.7/24", "172.16.9.9", "127.0.0.0/29"])
def test_private_networks_are_looked_through(text: str) -> None:
    assert network(text).num_addresses <= 1024


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("192.168.0.0/16", "too large"),
        ("10.0.0.0/8", "too large"),
        ("8.8.8.0/24", "not a private network"),
        ("fe80::/120", "too large"),
        ("school", "no network"),
        ("192.168.1.0/33", "no network"),
        ("", "no network"),
    ],
)
def test_no_other_is(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        network(text)


async def test_the_hosts_with_an_open_port_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "EACH_S", 0.001)
    there, port, closed = 0, free_port(), free_port()

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal there
        there += 1
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.5", port)
    try:
        ticks = Ticks()
        found = await all_of(hosts.look(network("127.0.0.0/28"), (port, closed), ticks))
    finally:
        server.close()
    assert found == [Host("127.0.0.5", (port,))]
    assert there == 1
    assert ticks.went_on()


async def test_only_a_few_are_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most = 0, 0

    async def is_open(_address: str, _port: int) -> bool:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return False

    monkeypatch.setattr(hosts, "_is_open", is_open)
    monkeypatch.setattr(hosts, "EACH_S", 0)
    assert await all_of(hosts.look(network("192.168.1.0/24"), (554,), Ticks())) == []
    assert 2 < most <= hosts.AT_ONCE


async def test_a_host_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(hosts, "CONNECT_S", 0.01)
    monkeypatch.setattr(asyncio, "open_connection", never)
    assert await all_of(hosts.look(network("192.168.1.0/30"), (554,), Ticks())) == []
