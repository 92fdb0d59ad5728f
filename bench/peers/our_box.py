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

from agent import config as configuration
from agent.clock import SystemClock
from agent.daemon import SWITCH_INTERVAL_S, evidence_of, spare_what_is_loaded
from agent.outbox.outbox import Outbox, open_outbox
from agent.reference import Reference
from agent.sync.centre_link import CentreLink
from agent.sync.identity import load_identity
from bench.load import tap

WAITERS = 500  # about a group commit; the gateway takes all that comes into a queue in memory


class Nothing(msgspec.Struct):
    """The order `status` is not asked for here."""


class Order(msgspec.Struct, frozen=True):
    first: int
    count: int
    gap_s: float = 0.0
    log: str = ""


def main() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2]))


async def _run(path: Path, socket: str) -> None:
    config = configuration.load(path)
    clock = SystemClock()
    async with open_outbox(config.state.database, school=config.school, clock=clock, settings=config.outbox) as outbox:
        reference = Reference(config.state.reference, clock)
        link = CentreLink(
            config.centre, school=config.school, outbox=outbox, identity=load_identity(Path(config.state.directory)),
            evidence=evidence_of(config, outbox, reference, clock), reference=reference, clock=clock,
            rng=random.Random(), status=Nothing,
        )  # fmt: skip
        spare_what_is_loaded()
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
