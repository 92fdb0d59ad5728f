"""A mosquitto bridge with its queue on the disk: the store-and-forward that many build first.

Tuned    no limit of the queue, QoS 1 on the bridge, and its whole state saved each second: mosquitto has no log, so
         that saving more often writes the whole queue more often (on each change: 648 KB an event).
Accepted is what it has acknowledged to the publisher.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path

from bench import mqtt_wire as wire
from bench.peers import event
from bench.peers.city_side import CitySide
from bench.peers.contestant import Contestant
from bench.peers.feed import Answer
from simulator.processes import Process, free_port, mosquitto, wait_for_port

NAME = "mosquitto bridge, saved each second"
TOPIC = b"mektep/events"
ACKS = 100  # unacknowledged at once
CONF = """
user root
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_messages 0
max_inflight_messages 0
log_type error
connection_messages false
connection far
address 127.0.0.1:{far}
topic # out 1
cleansession false
notifications false
restart_timeout 1
"""


class Publisher:
    """Feeds the near broker as bench/peers/feed.py feeds the others."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def accept(self, first: int, count: int) -> Answer:
        reader, writer = await self._connect()
        began_s = time.monotonic()
        for begin in range(first, first + count, ACKS):
            group = range(begin, min(begin + ACKS, first + count))
            writer.write(b"".join(self._publish(number) for number in group))
            await writer.drain()
            await reader.readexactly(len(group) * wire.PUBACK_BYTES)
        writer.close()
        return Answer(began_s, 0)

    async def pace(self, first: int, count: int, gap_s: float, log: Path) -> None:
        reader, writer = await self._connect()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        begin_s = time.monotonic()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            for number in range(first, first + count):
                await asyncio.sleep(begin_s + (number - first) * gap_s - time.monotonic())
                put_ns = time.monotonic_ns()
                writer.write(self._publish(number))
                await reader.readexactly(wire.PUBACK_BYTES)
                os.write(out, f"{number} {put_ns}\n".encode())
        os.close(out)
        writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        await wait_for_port(self._port)
        return await wire.connect(self._port, "taps")

    @staticmethod
    def _publish(number: int) -> bytes:
        """Packet identifiers are used again once they are acknowledged."""
        return wire.publish_qos1(TOPIC, (event.TEXT % number).encode(), number % ACKS + 1)


def contestant(folder: Path) -> Contestant:
    city = CitySide(folder, TOPIC, lambda body: [event.number(body)])
    port, data, conf = free_port(), folder / "near", folder / "near.conf"
    data.mkdir()
    conf.write_text(CONF.format(port=port, folder=data, far=city.port))
    return Contestant(NAME, Publisher(port), city, Process("near", mosquitto(conf), folder))
