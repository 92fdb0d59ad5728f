"""The school's Internet line: a TCP relay between box and broker that can be cut, go silent, be slow and far away.

It holds little (CHUNK a direction and what the delay keeps in flight), so that a full line pushes back on the
sender as a real one does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

CHUNK = 1_460
HELD_CHUNKS = 16


class LinkProxy:
    """Listens on loopback; every connection is relayed to the broker."""

    def __init__(self, listen_port: int, target_port: int) -> None:
        self.port = listen_port
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.bits_per_s = 0.0  # 0: as fast as it goes
        self.delay_s = 0.0  # one way
        self.refusing = False

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=CHUNK * 4)

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    def cut(self) -> None:
        """Every connection breaks at once."""
        for writer in list(self._writers):
            transport = writer.transport
            transport.abort()

    def silence(self, *, silent: bool) -> None:
        """Connections stay, but nothing passes."""
        if silent:
            self._open.clear()
        else:
            self._open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port, limit=CHUNK * 4)
        except OSError:
            writer.transport.abort()
            return
        for one in (writer, far_writer):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.transport.set_write_buffer_limits(high=CHUNK * 4)
            self._writers.add(one)
        relays = [
            asyncio.create_task(self._relay(reader, far_writer)),
            asyncio.create_task(self._relay(far_reader, writer)),
        ]
        self._relays.update(relays)
        await asyncio.wait(relays, return_when=asyncio.FIRST_COMPLETED)
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
        self._relays.difference_update(relays)
        for one in (writer, far_writer):
            self._writers.discard(one)
            one.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction: paced by the rate as it enters the line, delivered after the delay."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(self._held())
        arriving = asyncio.create_task(self._arrive(on_the_way, writer))
        loop = asyncio.get_running_loop()
        free_s = loop.time()
        try:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(CHUNK if self.bits_per_s else CHUNK * 40):
                    await self._open.wait()
                    if self.bits_per_s:
                        free_s = max(free_s, loop.time()) + len(data) * 8 / self.bits_per_s
                        await asyncio.sleep(free_s - loop.time())
                    await on_the_way.put((loop.time() + self.delay_s, data))
            await self._open.wait()  # a silent line does not tell that one end has hung up
        finally:
            arriving.cancel()

    async def _arrive(self, on_the_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            at_s, data = await on_the_way.get()
            await asyncio.sleep(max(0.0, at_s - loop.time()))
            writer.write(data)
            with contextlib.suppress(ConnectionError):
                await writer.drain()

    def _held(self) -> int:
        """Chunks that the delay keeps in flight, and a few more."""
        return HELD_CHUNKS + int(self.bits_per_s * self.delay_s / 8 / CHUNK)
