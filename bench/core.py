"""The core's weight: resident memory, and the time from the start of the process to READY of sd_notify."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure, median
from bench.proc import resident_bytes
from simulator.processes import Process
from simulator.school import School

RUNS = 5
RSS_MB, READY_S = 60.0, 1.0
SETTLED_S = 5.0  # after READY: connected, and every device found


async def measure(folder: Path) -> list[Figure]:
    bare_s = [await _bare_s(folder) for _ in range(RUNS)]
    ready_s, resident = [], []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        school = School(Path(name), direct=True)
        try:
            await school.make()
            await school.start()
            await school.agent.stop()
            for _ in range(RUNS):
                with _listener(Path(name) / "notify") as notify:
                    ready_s.append(await _start(school, notify))
                    await asyncio.sleep(SETTLED_S)
                    resident.append(resident_bytes(school.agent.pid) / 1e6)
                    await school.agent.stop()
        finally:
            await school.stop()
    return [
        Figure(
            figure="core: resident memory, two readers and a panel", value=median(resident), unit="MB",
            limit_or_peer=f"{RSS_MB:.0f} MB", ratio=median(resident) / RSS_MB, target=f"<= {RSS_MB:.0f} MB",
            met=median(resident) <= RSS_MB, range=(min(resident), max(resident)), runs=RUNS,
        ),
        Figure(
            figure="core: start to READY", value=median(ready_s), unit="s",
            limit_or_peer=f"{READY_S:.0f} s; an empty Python: {median(bare_s):.3f} s", ratio=median(ready_s) / READY_S,
            target=f"<= {READY_S:.0f} s", met=median(ready_s) <= READY_S, range=(min(ready_s), max(ready_s)), runs=RUNS,
        ),
    ]  # fmt: skip


@contextlib.contextmanager
def _listener(address: Path) -> Iterator[socket.socket]:
    """systemd's end of sd_notify."""
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(address))
        notify.setblocking(False)
        yield notify


async def _start(school: School, notify: socket.socket) -> float:
    """Start the agent as systemd does, and wait for its READY=1."""
    school.agent.environment["NOTIFY_SOCKET"] = notify.getsockname()
    began_s = time.monotonic()
    starting = asyncio.create_task(school.agent.start())
    loop = asyncio.get_running_loop()
    while b"READY=1" not in await loop.sock_recv(notify, 4096):
        pass
    taken_s = time.monotonic() - began_s
    await starting
    return taken_s


async def _bare_s(folder: Path) -> float:
    began_s = time.monotonic()
    process = Process("bare", [sys.executable, "-c", "pass"], folder)
    await process.start()
    while process.running():
        await asyncio.sleep(0.001)
    return time.monotonic() - began_s
