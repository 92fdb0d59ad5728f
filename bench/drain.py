"""A backlog to receipts over TLS: rate, CPU of the agent, bytes written; broker and centre on this machine."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from bench.bridge import measure_rate
from bench.figure import Figure, median
from simulator.school import School

BACKLOG = 200_000
RUNS = 3
FLOOR, BAR = 30_000, 49_000  # BAR: the bridge on the machine where the target was set
CPU_US = 60.0
WRITTEN_BYTES = 2_000


async def measure(folder: Path) -> list[Figure]:
    """Ours and the bridge by turns, so that a slow minute of the machine meets both."""
    sqlite, postgres, bridge = [], [], []
    for _ in range(RUNS):
        bridge.append(await measure_rate(folder))
        sqlite.append(await _drain(folder, postgres=False))
        postgres.append(await _drain(folder, postgres=True))
    cpu_us = [run["cpu_s"] / BACKLOG * 1e6 for run in sqlite]
    written = [run["written"] / BACKLOG for run in sqlite]
    return [
        Figure(
            figure="peer: a mosquitto bridge drains 200,000 from memory, nothing stored, no TLS", value=median(bridge),
            unit="events/s", limit_or_peer="", ratio=None, target="", met=None, range=(min(bridge), max(bridge)),
            runs=RUNS,
        ),
        _rate("drain of 200,000 to receipts, SQLite centre", sqlite, bridge, f">= {FLOOR}; bar {BAR}"),
        _rate("drain of 200,000 to receipts, PostgreSQL centre", postgres, bridge, ""),
        Figure(
            figure="agent CPU, accept to receipt", value=median(cpu_us), unit="µs/event",
            limit_or_peer=f"{CPU_US:.0f}", ratio=median(cpu_us) / CPU_US, target=f"<= {CPU_US:.0f}",
            met=median(cpu_us) <= CPU_US, range=(min(cpu_us), max(cpu_us)), runs=RUNS,
        ),
        Figure(
            figure="bytes written by the agent, accept to removed, groups of 100", value=median(written),
            unit="bytes/event", limit_or_peer=f"{WRITTEN_BYTES}", ratio=median(written) / WRITTEN_BYTES,
            target=f"<= {WRITTEN_BYTES}", met=median(written) <= WRITTEN_BYTES, range=(min(written), max(written)),
            runs=RUNS,
        ),
        Figure(
            figure="agent RSS at its highest during the drain",
            value=median([run["rss_bytes"] / 1e6 for run in sqlite]), unit="MB", limit_or_peer="",
            ratio=None, target="", met=None, runs=RUNS,
        ),
    ]  # fmt: skip


def _rate(name: str, runs: list[dict[str, float]], bridge: list[float], target: str) -> Figure:
    rates = [BACKLOG / run["drain_s"] for run in runs]
    return Figure(
        figure=name, value=median(rates), unit="events/s",
        limit_or_peer=f"mosquitto bridge in this run: {median(bridge):.0f}", ratio=median(rates) / median(bridge),
        target=target, met=median(rates) >= FLOOR if target else None, range=(min(rates), max(rates)), runs=len(rates),
    )  # fmt: skip


async def _drain(folder: Path, *, postgres: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        school = School(Path(name), postgres=postgres, direct=True, keep_days=0)
        try:
            await school.make()
            await school.city.start()
            return await box(school, "drain", BACKLOG)
        finally:
            await school.city.stop()


async def box(school: School, command: str, count: int, *more: float) -> dict[str, float]:
    """Run bench.box on a school's box. Raises RuntimeError with what it said."""
    words = [sys.executable, "-m", "bench.box", str(school.box / "agent.toml"), command, str(count)]
    process = await asyncio.create_subprocess_exec(
        *words, *(str(one) for one in more), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(err.decode()[-2000:])
    found: dict[str, float] = json.loads(out)
    return found
