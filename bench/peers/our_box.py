"""The agent's outbox and link as a process that is fed with taps: python -m bench.peers.our_box CONFIG SOCKET

As the ThingsBoard gateway is fed from within, so is this. Each tap is awaited by itself until it is on the disk; where
taps come as fast as it goes, hundreds wait at once.
Orders   bench/peers/feed.py
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from pathlib import Path

import msgspec

from agent.outbox.outbox import Outbox
from bench.load import tap
from bench.open_box import open_box

WAITERS = 500  # about a group commit; the gateway takes all that comes into a queue in memory


class Order(msgspec.Struct, frozen=True):
    first: int
    count: int
    gap_s: float = 0.0
    log: str = ""


def main() -> None:
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2]))


async def _run(path: Path, socket: str) -> None:
    async with open_box(path, random.Random()) as (outbox, link, _):
        await asyncio.start_unix_server(lambda reader, writer: _serve(outbox, reader, writer), socket)
        await link.run()


async def _serve(outbox: Outbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        order = msgspec.json.decode(line, type=Order)
        began_s = time.monotonic()
        await (_pace(outbox, order) if order.gap_s else _accept(outbox, order))
        writer.write(msgspec.json.encode({"began_s": began_s, "refused": 0}) + b"\n")
    writer.close()


async def _accept(outbox: Outbox, order: Order) -> None:
    async def wait(offset: int) -> None:
        for number in range(order.first + offset, order.first + order.count, WAITERS):
            await outbox.accept([tap(number)])

    await asyncio.gather(*(wait(offset) for offset in range(WAITERS)))


async def _pace(outbox: Outbox, order: Order) -> None:
    """One at a time; accept() refuses nothing, it waits."""
    out = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    begin_s = time.monotonic()
    for number in range(order.first, order.first + order.count):
        await asyncio.sleep(begin_s + (number - order.first) * order.gap_s - time.monotonic())
        put_ns = time.monotonic_ns()
        await outbox.accept([tap(number)])
        os.write(out, f"{number} {put_ns}\n".encode())
    os.close(out)


if __name__ == "__main__":
    main()
