"""The Internet line of the school: bytes as they are, as fast and as late as it is told; cut, silent, refusing; and a
full line pushes back on the sender.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulator.link_proxy import CHUNK, HELD_CHUNKS, LinkProxy
from simulator.processes import free_port
from tests.drivers.supervised import until

LOOPBACK = "127.0.0.1"
BIG = bytes(range(256)) * 400


class FarSide:
    """A server that keeps what it hears, or says it again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.heard = b""
        self.echoes = True
        self.reading = asyncio.Event()
        self.reading.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(4096):
                await self.reading.wait()
                self.heard += data
                if self.echoes:
                    writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def line() -> AsyncIterator[tuple[LinkProxy, FarSide]]:
    far = FarSide()
    server = await asyncio.start_server(far.serve, LOOPBACK, far.port)
    proxy = LinkProxy(free_port(), far.port)
    await proxy.start()
    try:
        yield proxy, far
    finally:
        far.reading.set()
        await proxy.stop()
        server.close()


async def dial(proxy: LinkProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(LOOPBACK, proxy.port)


async def ended(reader: asyncio.StreamReader) -> bool:
    """Wait for the end, in whichever way it comes. Raises TimeoutError."""
    try:
        async with asyncio.timeout(10):
            while await reader.read(100):
                pass
            return True
    except ConnectionError:
        return True


async def test_bytes_pass_both_ways_as_they_are() -> None:
    async with line() as (proxy, far):
        reader, writer = await dial(proxy)
        writer.write(BIG)
        async with asyncio.timeout(10):
            assert await reader.readexactly(len(BIG)) == BIG
        assert far.heard == BIG
        writer.close()


async def test_a_throttled_line_is_no_faster_than_its_rate() -> None:
    async with line() as (proxy, far):
        proxy.bits_per_s = 800_000
        far.echoes = False
        _, writer = await dial(proxy)
        began_s = asyncio.get_running_loop().time()
        writer.write(BIG[:50_000])
        took_s = await until(lambda: len(far.heard) == 50_000)
        assert took_s >= 0.45
        assert asyncio.get_running_loop().time() - began_s < 5
        writer.close()


async def test_a_far_line_delays_each_way() -> None:
    async with line() as (proxy, _):
        proxy.delay_s = 0.1
        reader, writer = await dial(proxy)
        began_s = asyncio.get_running_loop().time()
        writer.write(b"ping")
        assert await reader.readexactly(4) == b"ping"
        assert asyncio.get_running_loop().time() - began_s >= 0.2
        writer.close()


async def test_a_delay_costs_no_rate() -> None:
    """What is on its way does not hold back what follows."""
    async with line() as (proxy, far):
        proxy.bits_per_s, proxy.delay_s = 1_600_000, 0.2
        far.echoes = False
        _, writer = await dial(proxy)
        writer.write(BIG)  # half a second of the rate
        assert 0.65 <= await until(lambda: len(far.heard) == len(BIG)) < 3
        writer.close()


async def test_a_full_line_pushes_back() -> None:
    """The sender's kernel fills up; the proxy itself holds only some chunks."""
    async with line() as (proxy, far):
        far.reading.clear()
        proxy.bits_per_s = 400_000
        assert proxy._held() == HELD_CHUNKS
        proxy.delay_s = 0.5
        assert proxy._held() == HELD_CHUNKS + int(25_000 / CHUNK)
        _, writer = await dial(proxy)
        writer.transport.set_write_buffer_limits(high=1)
        writer.write(bytes(20_000_000))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await writer.drain()
        writer.transport.abort()


async def test_a_cut_ends_every_connection_at_once() -> None:
    async with line() as (proxy, far):
        ends = [await dial(proxy) for _ in range(3)]
        for _, writer in ends:
            writer.write(b"x")
        await until(lambda: far.heard == b"xxx")
        proxy.cut()
        for reader, writer in ends:
            assert await ended(reader)
            writer.close()
        _, writer = await dial(proxy)  # and it may be dialled again
        writer.write(b"again")
        await until(lambda: far.heard.endswith(b"again"))
        writer.close()


async def test_a_refusing_line_lets_nobody_in() -> None:
    async with line() as (proxy, far):
        proxy.refusing = True
        reader, writer = await dial(proxy)
        assert await ended(reader)
        writer.close()
        proxy.refusing = False
        reader, writer = await dial(proxy)
        writer.write(b"x")
        await until(lambda: far.heard == b"x")
        writer.close()


async def test_a_silent_line_stays_open_and_says_it_later() -> None:
    async with line() as (proxy, far):
        reader, writer = await dial(proxy)
        proxy.silence(silent=True)
        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read(1)
        assert far.heard == b""
        proxy.silence(silent=False)
        async with asyncio.timeout(10):
            assert await reader.readexactly(5) == b"hello"
        writer.close()


async def test_a_broker_that_is_away_ends_the_call() -> None:
    proxy = LinkProxy(free_port(), free_port())
    await proxy.start()
    reader, writer = await dial(proxy)
    assert await ended(reader)
    writer.close()
    await proxy.stop()
