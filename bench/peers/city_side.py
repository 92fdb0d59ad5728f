"""The city as a peer sees it: a broker, and behind it one that counts what arrives and answers as ThingsBoard would.

The broker keeps and queues as the centre's own does; it asks for no certificates and does not encrypt, which spares
the peers work that ours has. The counter's session outlives the broker, so that nothing passes unseen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

from bench import mqtt_wire as wire
from bench.peers.arrivals import Arrivals
from simulator.processes import Process, free_port, mosquitto, wait_for_port

CONF = """
user root
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 60
max_inflight_messages 100
max_queued_messages 0
queue_qos0_messages true
max_packet_size 1100000
set_tcp_nodelay true
log_type error
connection_messages false
"""
READ_BYTES = 1 << 18
RETRY_S = 0.01
Numbers = Callable[[bytes], Iterable[int]]
Reply = Callable[[bytes, bytes], bytes | None]


def no_reply(_topic: bytes, _body: bytes) -> None:
    return None


class CitySide:
    """The far end of a peer: bench/peers/contestant.py.

    topics   what is counted: topic -> the numbers of the taps in a body
    replies  topic filter and what is published when something comes there
    """

    def __init__(
        self, folder: Path, topic: bytes, numbers: Numbers, asked: bytes = b"", reply: Reply = no_reply
    ) -> None:
        self.port = free_port()
        self.arrivals = Arrivals()
        self._topic, self._numbers, self._asked, self._reply = topic, numbers, asked, reply
        data = folder / "far"
        data.mkdir()
        conf = folder / "far.conf"
        conf.write_text(CONF.format(port=self.port, folder=data))
        self._broker = Process("far", mosquitto(conf), folder)
        self._counting: asyncio.Task[None] | None = None
        self._there = asyncio.Event()

    async def network(self, *, on: bool) -> None:
        """It is there, or it fails."""
        if not on:
            await self._broker.stop()
            self._there.clear()
            return
        await self._broker.start()
        await wait_for_port(self.port)
        if self._counting is None:
            self._counting = asyncio.create_task(self._count_for_ever())
        await self._there.wait()

    async def arrived(self) -> set[int]:
        return self.arrivals.numbers

    async def close(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.gather(self._counting, return_exceptions=True)
        await self._broker.stop()

    async def _count_for_ever(self) -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._count()
            await asyncio.sleep(RETRY_S)

    async def _count(self) -> None:
        reader, writer = await wire.connect(self.port, "counter", clean=False)
        for topic in filter(None, (self._topic, self._asked)):
            writer.write(wire.subscribe(topic))
        buffer = bytearray()
        while data := await reader.read(READ_BYTES):
            buffer += data
            for first, rest in wire.packets(buffer):
                if first == wire.SUBACK:
                    self._there.set()
                elif first == wire.PUBLISH:
                    self._take(*wire.published(rest), writer)
        writer.close()

    def _take(self, topic: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        if topic == self._topic:
            self.arrivals.add(self._numbers(body))
        elif answer := self._reply(topic, body):
            writer.write(answer)
