"""The core at rest: processor and memory of the daemon and of whatever it has started, four readers and a panel.

Nobody holds a card, nothing burns; the line is up. The panel is polled as ever, status is written, the watchdog fed,
the centre kept alive. Modules that only commands need are looked for in the daemon's own memory: what is imported by
mistake stays for ever.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from bench.figure import Figure, median
from bench.proc import cpu_s, proportional_bytes, resident_bytes
from simulator.card_reader import CardReader
from simulator.devices import SERIAL_READER
from simulator.school import School

SETTLED_S = 20.0  # births, the first round of upkeep, every device found
WATCHED_S, WINDOWS = 20.0, 6
CPU_PERCENT, RSS_MB = 1.0, 70.0
NAMES = ("hall-1", "hall-2")


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        box = Path(name) / "box"
        readers = [CardReader(one, box / one, "em4100") for one in NAMES]
        more = "".join(SERIAL_READER.format(name=one.name, port=one.line.link, format=one.kind) for one in readers)
        school = School(Path(name), direct=True, more=more)
        try:
            await school.make()
            for reader in readers:
                reader.line.plug()
            await school.start()
            await _all_work(school, len(readers) + 3)
            await asyncio.sleep(SETTLED_S)
            return await _at_rest(school)
        finally:
            await school.stop()
            for reader in readers:
                reader.line.unplug()


async def _all_work(school: School, sources: int) -> None:
    """Four readers and the panel, and the line is up. Raises TimeoutError."""
    async with asyncio.timeout(60):
        while True:
            status = school.status()
            working = [one for one in status.get("sources", {}).values() if one["state"] == "working"]
            if len(working) == sources and status.get("link", {}).get("state") == "online":
                return
            await asyncio.sleep(0.1)


async def _at_rest(school: School) -> list[Figure]:
    busy, before = [], family(school.agent.pid)
    for _ in range(WINDOWS):
        used = _used_s(before)
        await asyncio.sleep(WATCHED_S)
        busy.append((_used_s(before) - used) / WATCHED_S * 100)
    resident = sum(resident_bytes(one) for one in before) / 1e6
    processes, load = f"{len(before)} process{'es' if len(before) > 1 else ''}", f"load {os.getloadavg()[0]:.0f}"
    what = "idle, four readers and a panel"
    return [
        Figure(
            figure=f"core: processor, {what}", value=median(busy), unit="% of a core",
            limit_or_peer=f"{CPU_PERCENT:g} %; {processes}, {load}", ratio=median(busy) / CPU_PERCENT,
            target=f"<= {CPU_PERCENT:g} %", met=median(busy) <= CPU_PERCENT, range=(min(busy), max(busy)), runs=WINDOWS,
        ),
        Figure(
            figure=f"core: resident memory, {what}", value=resident, unit="MB",
            limit_or_peer=f"{RSS_MB:g} MB; {_shared(before)}, {processes}", ratio=resident / RSS_MB,
            target=f"<= {RSS_MB:g} MB", met=resident <= RSS_MB,
        ),
    ]  # fmt: skip


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def _used_s(pids: list[int]) -> float:
    return sum(cpu_s(one) for one in pids)


def _shared(pids: list[int]) -> str:
    """Where it may be asked for: only root, of a process that leaves no dump."""
    try:
        return f"PSS {sum(proportional_bytes(one) for one in pids) / 1e6:.1f} MB"
    except PermissionError:
        return "PSS not readable"
