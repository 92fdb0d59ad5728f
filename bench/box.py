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

from agent.model import Lane
from agent.outbox.outbox import Outbox
from bench.load import alarm, tap
from bench.open_box import open_box
from bench.proc import peak_bytes, written_bytes

GROUP = 100
LOOK_S = 0.002
ALARM_EVERY_S = 0.05


def main() -> None:
    path, command, count, *rest = sys.argv[1:]
    seconds = float(rest[0]) if rest else 0.0
    print(json.dumps(asyncio.run(_run(Path(path), command, int(count), seconds))))


async def _run(path: Path, command: str, count: int, seconds: float) -> dict[str, float]:
    found: dict[str, float] = {}
    async with open_box(path, random.Random(1)) as (outbox, link, _):
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
