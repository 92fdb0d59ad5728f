"""The peer of the drain: a mosquitto bridge that empties its queue into another mosquitto, on this machine.

Everything is in memory, nothing is stored, there is no TLS: what a store-and-forward without promises can do. The far
broker's only subscriber counts bytes; QoS 1 on the bridge, so that each message is acknowledged there.
Wire    MQTT 3.1.1, OASIS, sections 3.1, 3.3 and 3.8; written by hand since a client library would be the bottleneck.
"""

from __future__ import annotations

import asyncio
import struct
import tempfile
import time
from pathlib import Path

from simulator.processes import Process, free_port, mosquitto, wait_for_port

MESSAGES = 200_000
TOPIC = b"mektep/events"
BODY = bytes(430)  # as large as a tap's event
ACKS = 100  # unacknowledged while the near broker is filled
PATIENCE_S = 60.0
FAR = """
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 0
"""
NEAR = """
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
connection far
address 127.0.0.1:{far}
topic # out 1
cleansession false
notifications false
restart_timeout 1
"""


async def measure_rate(folder: Path) -> float:
    """Messages a second, from the first that arrives to the last. Raises TimeoutError if they do not all come."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        far_port, near_port = free_port(), free_port()
        far = _broker(Path(name), "far", FAR.format(port=far_port))
        near = _broker(Path(name), "near", NEAR.format(port=near_port, far=far_port))
        try:
            await near.start()
            await wait_for_port(near_port)
            await _fill(near_port)
            await far.start()
            await wait_for_port(far_port)
            return await _count(far_port)
        finally:
            await near.stop()
            await far.stop()


def _broker(folder: Path, name: str, conf: str) -> Process:
    folder.chmod(0o711)
    file = folder / f"{name}.conf"
    file.write_text(conf)
    return Process(name, mosquitto(file), folder)


async def _fill(port: int) -> None:
    """The messages wait in the near broker: the far one does not run yet."""
    reader, writer = await _connect(port)
    for first in range(0, MESSAGES, ACKS):
        writer.write(b"".join(_publish(first + offset) for offset in range(ACKS)))
        await writer.drain()
        await reader.readexactly(ACKS * 4)  # a PUBACK has four bytes
    writer.close()


async def _count(port: int) -> float:
    reader, writer = await _connect(port)
    writer.write(_packet(0x82, b"\0\x01" + _text(TOPIC) + b"\0"))
    await reader.readexactly(5)  # SUBACK
    left = MESSAGES * len(_packet(0x30, _text(TOPIC) + BODY))
    left -= len(await reader.read(65_536))
    began_s = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        while left > 0:
            left -= len(await reader.read(1 << 20))
    taken_s = time.monotonic() - began_s
    writer.close()
    return MESSAGES / taken_s


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    name = _text(f"bench-{port}".encode())
    writer.write(_packet(0x10, _text(b"MQTT") + b"\x04\x02\0\0" + name))  # clean session, no keep-alive
    if (await reader.readexactly(4))[3] != 0:
        raise ConnectionError("the broker does not admit the benchmark")
    return reader, writer


def _publish(number: int) -> bytes:
    """QoS 1; packet identifiers are used again once they are acknowledged."""
    return _packet(0x32, _text(TOPIC) + struct.pack(">H", number % ACKS + 1) + BODY)


def _text(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text


def _packet(first: int, rest: bytes) -> bytes:
    """The fixed header with its length in groups of seven bits."""
    size, length = bytearray(), len(rest)
    while True:
        length, group = length >> 7, length & 0x7F
        size.append(group | (0x80 if length else 0))
        if not length:
            return bytes([first, *size]) + rest
