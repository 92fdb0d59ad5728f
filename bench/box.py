"""The agent's outbox and link in a process of their own, so that its CPU and its writes can be told from all others.

python -m bench.box CONFIG fill N            accept N records and end
python -m bench.box CONFIG drain N           accept N, then connect until all is receipted and removed
python -m bench.box CONFIG alarms N SECONDS  the same with alarms beside it, for so long at most
Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path

import msgspec

from agent import config as configuration
from agent.clock import SystemClock
from agent.daemon import SWITCH_INTERVAL_S, evidence_of, spare_what_is_loaded
from agent.model import Lane
from agent.outbox.outbox import Outbox, open_outbox
from agent.reference import Reference
from agent.sync.centre_link import CentreLink
from agent.sync.identity import load_identity
from bench.load import alarm, tap
from bench.proc import peak_bytes, written_bytes

GROUP = 100
LOOK_S = 0.002
ALARM_EVERY_S = 0.05


class Nothing(msgspec.Struct):
    """The order `status` is not asked for here."""


def main() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    path, command, count, *rest = sys.argv[1:]
    seconds = float(rest[0]) if rest else 0.0
    print(json.dumps(asyncio.run(_run(Path(path), command, int(count), seconds))))


async def _run(path: Path, command: str, count: int, seconds: float) -> dict[str, float]:
    config = configuration.load(path)
    clock = SystemClock()
    found: dict[str, float] = {}
    async with open_outbox(config.state.database, school=config.school, clock=clock, settings=config.outbox) as outbox:
        identity = load_identity(Path(config.state.directory))
        reference = Reference(config.state.reference, clock)
        evidence = evidence_of(config, outbox, reference, clock)
        link = CentreLink(
            config.centre, school=config.school, outbox=outbox, identity=identity, evidence=evidence,
            reference=reference, clock=clock, rng=random.Random(1), status=Nothing,
        )  # fmt: skip
        spare_what_is_loaded()
        written, cpu_s = written_bytes(), time.process_time()
        found["fill_s"] = await _fill(outbox, count)
        if command == "fill":
            return found
        drained_cpu_s, began_s = time.process_time(), time.monotonic()
        running = asyncio.create_task(link.run())
        raising = asyncio.create_task(_raise(outbox)) if command == "alarms" else None
        await _until_settled(outbox, began_s + seconds if seconds else None)
        found["drain_s"] = time.monotonic() - began_s
        found["settled"] = outbox.settled(outbox.epoch, Lane.RECORD)
        found["drain_cpu_s"] = time.process_time() - drained_cpu_s
        found["cpu_s"] = time.process_time() - cpu_s
        if raising is not None:
            raising.cancel()
            found["alarms"] = outbox.last(outbox.epoch, Lane.ALARM)
        else:
            await _until_removed(outbox)
        found["written"] = written_bytes() - written
        found["rss_bytes"] = peak_bytes()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return found


async def _fill(outbox: Outbox, count: int) -> float:
    began_s = time.monotonic()
    for first in range(0, count, GROUP):
        await outbox.accept([tap(number) for number in range(first, min(first + GROUP, count))])
    return time.monotonic() - began_s


async def _raise(outbox: Outbox) -> None:
    number = 0
    while True:
        number += 1
        await outbox.accept([alarm(number)])
        await asyncio.sleep(ALARM_EVERY_S)


async def _until_settled(outbox: Outbox, end_s: float | None) -> None:
    while any(outbox.settled(outbox.epoch, lane) < outbox.last(outbox.epoch, lane) for lane in (Lane.RECORD,)):
        if end_s is not None and time.monotonic() > end_s:
            return
        await asyncio.sleep(LOOK_S)


async def _until_removed(outbox: Outbox) -> None:
    while outbox.state(Lane.RECORD).bytes:
        await asyncio.sleep(LOOK_S)


if __name__ == "__main__":
    main()
