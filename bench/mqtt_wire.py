"""The few MQTT packets that peers are fed and watched with, written by hand: a client library would be the bottleneck.

Wire    MQTT 3.1.1, OASIS, sections 2.2, 3.1 to 3.4, 3.8 and 3.9. What arrives is QoS 0 or an acknowledgement.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator

CONNECT, PUBLISH, PUBLISH_QOS1, SUBSCRIBE, SUBACK = 0x10, 0x30, 0x32, 0x82, 0x90
PUBACK_BYTES = 4
LENGTH_BYTES_MAX = 4


def packet(first: int, rest: bytes) -> bytes:
    """The fixed header with its length in groups of seven bits."""
    size, length = bytearray(), len(rest)
    while True:
        length, group = length >> 7, length & 0x7F
        size.append(group | (0x80 if length else 0))
        if not length:
            return bytes([first, *size]) + rest


def text(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def publish(topic: bytes, body: bytes) -> bytes:
    """QoS 0."""
    return packet(PUBLISH, text(topic) + body)


def publish_qos1(topic: bytes, body: bytes, identifier: int) -> bytes:
    return packet(PUBLISH_QOS1, text(topic) + struct.pack(">H", identifier) + body)


def subscribe(topic: bytes) -> bytes:
    """At most QoS 0."""
    return packet(SUBSCRIBE, b"\0\x01" + text(topic) + b"\0")


def packets(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Whole packets, first byte and rest, taken out of the buffer. Raises ValueError if it is no MQTT."""
    at = 0
    try:
        while (found := _length(buffer, at + 1)) is not None:
            length, begin = found
            if len(buffer) < begin + length:
                return
            first, rest = buffer[at], bytes(buffer[begin : begin + length])
            at = begin + length
            yield first, rest
    finally:
        del buffer[:at]


def _length(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """The remaining length that begins here and where it ends; None if it is not whole yet."""
    length = 0
    for place, byte in enumerate(buffer[at : at + LENGTH_BYTES_MAX]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return length, at + place + 1
    if len(buffer) >= at + LENGTH_BYTES_MAX:
        raise ValueError("no remaining length")
    return None


def published(rest: bytes) -> tuple[bytes, bytes]:
    """Topic and body of a PUBLISH with QoS 0."""
    (length,) = struct.unpack_from(">H", rest)
    return rest[2 : 2 + length], rest[2 + length :]


async def connect(port: int, name: str, *, clean: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A session without keep-alive; one that is not clean outlives its connection. Raises ConnectionError."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(packet(CONNECT, text(b"MQTT") + bytes([4, 2 if clean else 0, 0, 0]) + text(name.encode())))
    if (await reader.readexactly(4))[3] != 0:
        raise ConnectionError("the broker does not admit the benchmark")
    return reader, writer
