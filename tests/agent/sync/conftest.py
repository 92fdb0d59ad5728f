"""A real broker on a private port of loopback; a far centre and a box on it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agent.sync.identity import load_identity
from agent.sync.settings import LinkSettings
from simulator.processes import Process, free_port, mosquitto, wait_for_port
from tests.agent.sync.box import Box, hurry, open_box
from tests.agent.sync.far_centre import FarCentre

CONF = """
allow_anonymous true
persistence false
max_inflight_messages 100
max_packet_size 1100000
set_tcp_nodelay true
connection_messages false
log_dest none
listener {port} 127.0.0.1
"""
SCHOOLS = (f"school-{number}" for number in itertools.count(1))


@pytest.fixture(scope="session")
def broker_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("broker")
    port = free_port()
    (folder / "mosquitto.conf").write_text(CONF.format(port=port))
    broker = Process("broker", mosquitto(folder / "mosquitto.conf"), folder)

    async def start() -> None:
        await broker.start()
        await wait_for_port(port)

    asyncio.run(start())
    yield port
    broker.kill()


@pytest.fixture
def school() -> str:
    """A name that no test had before: the broker remembers sessions and births."""
    return next(SCHOOLS)


@pytest.fixture
def centre(broker_port: int, tmp_path: Path, school: str) -> Iterator[FarCentre]:
    made = FarCentre(school, load_identity(tmp_path).public)
    made.connect(broker_port, f"far-{school}")
    yield made
    made.close()
    assert made.faults == []


@pytest.fixture
async def box(
    broker_port: int, tmp_path: Path, school: str, centre: FarCentre, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Box]:
    hurry(monkeypatch)
    settings = LinkSettings(broker=f"mqtt://127.0.0.1:{broker_port}", orders_key=centre.orders_key_base64)
    async with open_box(tmp_path, settings, school) as made:
        yield made
