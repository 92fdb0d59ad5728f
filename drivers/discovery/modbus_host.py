"""The panels behind a host, by Modbus TCP: one connection, reading questions only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from drivers.discovery.found import Found, Setting, Tick, settings
from drivers.discovery.modbus_units import ANSWER_MOST, Answer, Question, ask_units, pdu, read_pdu, tcp

PORT = 502
ANSWER_S = 1.0  # a gateway asks its own line first


async def look(host: str, tick: Tick, tcp_port: int = PORT) -> AsyncIterator[Found]:
    """The panels behind a host; nothing where nobody listens."""
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(host, tcp_port, limit=4096)
    except (OSError, TimeoutError):
        tick(1, 1)
        return
    try:
        more = settings(host=host) + ((Setting("tcp_port", tcp_port),) if tcp_port != PORT else ())
        asking = ask_units(lambda u, q: _ask_host(reader, writer, u, q), more, f"{host}:{tcp_port}", tick)
        async for found in asking:
            yield msgspec.structs.replace(found, host=host)
    except (OSError, EOFError):
        return  # it hung up; what has answered before is there all the same
    finally:
        writer.close()
        tick(1, 1)


async def _ask_host(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, unit: int, question: Question
) -> Answer | None:
    """Raises OSError, EOFError. A late answer has another transaction."""
    transaction = unit << 8 | question.function
    writer.write(tcp(transaction, unit, pdu(question)))
    try:
        async with asyncio.timeout(ANSWER_S):
            await writer.drain()
            while True:
                head = await reader.readexactly(7)
                length = int.from_bytes(head[4:6], "big")
                if head[2:4] != b"\0\0" or not 2 <= length <= ANSWER_MOST:
                    raise ConnectionError("not Modbus")
                body = await reader.readexactly(length - 1)
                if head[:2] == transaction.to_bytes(2, "big") and head[6] == unit:
                    return read_pdu(body, question)
    except TimeoutError:
        return None
