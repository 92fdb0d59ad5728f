"""python -m bench.peers: ours, the ThingsBoard gateway and a mosquitto bridge by turns; one JSON line a figure.

The first run installs the gateway from PyPI into build/peers. Four to six minutes on two cores.
Exit code  0 if every target is met, 1 if not.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from rich.console import Console

from bench.figure import Figure, median
from bench.peers import gateway, mektep, mosquitto_bridge, result
from bench.peers.contestant import Make
from bench.peers.course import Course
from bench.proc import peak_bytes

SEED = 7
COLD = 2_000
LOG_CHARS = 2_000
CONTESTANTS: list[Make] = [
    mektep.contestant,
    partial(gateway.contestant, kind=gateway.SQLITE),
    partial(gateway.contestant, kind=gateway.MEMORY),
    mosquitto_bridge.contestant,
]
SHIPPED: list[tuple[Make, int]] = [
    (partial(gateway.contestant, kind=gateway.SHIPPED), 5_000),
    (partial(gateway.contestant, kind=gateway.SHIPPED_SQLITE), 1_000),
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="of all contestants, by turns (%(default)s)")
    parser.add_argument("--events", type=int, default=20_000, metavar="N", help="of a rush, of a backlog (%(default)s)")
    parser.add_argument("--taps", type=int, default=40, metavar="N", help="that come one by one (%(default)s)")
    parser.add_argument("--kills", type=int, default=3, metavar="N", help="of each kind (%(default)s)")
    parser.add_argument("--out", type=Path, help="write the lines there too")
    args = parser.parse_args()
    gateway.install()
    figures = asyncio.run(_measure(args))
    for figure in figures:  # at the end: each stands beside another's
        print(figure.line())
    if args.out:
        args.out.write_text("".join(f"{figure.line()}\n" for figure in figures))
    return 1 if any(figure.met is False for figure in figures) else 0


async def _measure(args: argparse.Namespace) -> list[Figure]:
    """What is measured now is told on stderr."""
    told, rows, lost = Console(stderr=True), [], []
    for run in range(args.runs):
        with told.status(f"run {run + 1} of {args.runs}"):
            rows += [await _run(make, args.events, args.taps) for make in CONTESTANTS]
            rows += [await _rush(make, count) for make, count in SHIPPED]
    with told.status("kills"):
        lost = [await _killed(make, args.kills) for make in CONTESTANTS]
    return result.figures(rows, gateway.SQLITE.name) + result.losses(lost, args.kills)


@asynccontextmanager
async def _course(make: Make) -> AsyncIterator[Course]:
    """A contestant in a folder of its own. Raises RuntimeError with the end of its logs if it fails on its way."""
    with tempfile.TemporaryDirectory(prefix="mektep-peers-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the broker drops to its own user and must reach its part
        contestant = make(folder)
        try:
            yield Course(contestant, folder)
        except (OSError, RuntimeError) as error:
            logs = [f"{log.name}: {log.read_text(errors='replace')[-LOG_CHARS:]}" for log in folder.glob("*.log")]
            raise RuntimeError(f"{contestant.name}: {error}\n" + "\n".join(logs)) from error
        finally:
            await contestant.close()


async def _run(make: Make, events: int, taps: int) -> result.Row:
    async with _course(make) as course:
        await course.begin()
        rush, paced, backlog = await course.rush(events), await course.paced(taps), await course.backlog(events)
        return result.Row(
            course.contestant.name,
            {
                result.RATE: rush.events_per_s,
                result.CPU: rush.cpu_us,
                result.WRITTEN: rush.written_bytes,
                result.TAKEN: median(paced.taken_ms),
                result.TAP_CPU: paced.cpu_us,
                result.DRAIN: backlog.events_per_s,
                result.BACK: backlog.back_s,
                result.MEMORY: peak_bytes(course.contestant.process.pid) / 1e6,
            },
        )


async def _rush(make: Make, events: int) -> result.Row:
    async with _course(make) as course:
        await course.begin()
        rush = await course.rush(events)
        return result.Row(course.contestant.name, {result.RATE: rush.events_per_s, result.CPU: rush.cpu_us})


async def _killed(make: Make, times: int) -> result.Lost:
    rng = random.Random(SEED)
    async with _course(make) as course:
        await course.begin()
        there = await course.killed(rng, times, away=False)
        away = await course.killed(rng, times, away=True)
    async with _course(make) as course:
        return result.Lost(course.contestant.name, there, away, await course.cold(COLD))


if __name__ == "__main__":
    sys.exit(main())
