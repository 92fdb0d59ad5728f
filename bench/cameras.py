"""A camera's cell against GStreamer's RTSP server: its weight, how soon a stall is noticed, whether reconnects leak.

The cell is that of the daemon, with all that it gives up; the server runs beside it and is not counted.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from bench.figure import Figure, median
from bench.kept import kept, no_secrets, until
from bench.proc import cpu_s, descriptors, peak_bytes, resident_bytes
from drivers.cameras.rtsp import Settings
from simulator.processes import free_port
from simulator.rtsp_camera import RtspCamera

FULL_S = 15.0  # until the ring is full
WATCHED_S = 120.0
STALLS = 5
RECONNECTS, WARM = 1_000, 100  # a process grows a little at first: what counts is what comes after
MEMORY_MB, PROCESSOR = 90.0, 1.5
NOTICED_S, BACK_S = 10.0, 5.0
SEEN = 25  # closed connections that a figure is the median of
LEAK_MB = 2.0


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        hall = RtspCamera("hall", free_port(), Path(name), width=1280, height=720, rate=15, gop_s=2, bit_rate=2_000_000)
        quick = RtspCamera("quick", free_port(), Path(name), width=320, height=180, rate=25, gop_s=0.2)
        return [*await _weight(hall), *await _stalls(hall), *await _leaks(quick)]


def _config(camera: RtspCamera) -> SourceConfig:
    settings = Settings(url=camera.url, ring_s=10.0)
    return SourceConfig(name=camera.name, kind="camera", driver="rtsp", settings=settings, places={})


async def _weight(camera: RtspCamera) -> list[Figure]:
    await camera.start()
    try:
        async with kept([_config(camera)], os.environ) as cell:
            await until(cell.works)
            await asyncio.sleep(FULL_S)
            begun = cpu_s(cell.pid())
            await asyncio.sleep(WATCHED_S)
            percent = 100 * (cpu_s(cell.pid()) - begun) / WATCHED_S
            resident, peak = resident_bytes(cell.pid()) / 1e6, peak_bytes(cell.pid()) / 1e6
    finally:
        await camera.stop()
    return [
        Figure(
            figure="camera cell, ring of 10 s of 720p at 2 Mbit/s, keyframes decoded: memory", value=resident,
            unit="MB", limit_or_peer=f"{MEMORY_MB:.0f} MB; at its highest {peak:.1f} MB", ratio=resident / MEMORY_MB,
            target=f"<= {MEMORY_MB:.0f} MB", met=peak <= MEMORY_MB,
        ),
        Figure(
            figure="camera cell, the same: processor", value=percent, unit="% of a core",
            limit_or_peer=f"{PROCESSOR} %", ratio=percent / PROCESSOR, target=f"<= {PROCESSOR} %",
            met=percent <= PROCESSOR,
        ),
    ]  # fmt: skip


async def _stalls(camera: RtspCamera) -> list[Figure]:
    await camera.start()
    noticed, back = [], []
    try:
        async with kept([_config(camera)], os.environ) as cell:
            await until(cell.works)
            for _ in range(STALLS):
                await asyncio.sleep(2)
                camera.stall()
                noticed.append(await _taken_s(lambda: cell.code() == "V-105"))
                await asyncio.sleep(1)
                camera.go_on()
                back.append(await _taken_s(cell.works))
    finally:
        await camera.stop()
    return [
        _slowest("stalled RTSP stream: noticed after", noticed, NOTICED_S),
        _slowest("stalled RTSP stream: back after the stream is back", back, BACK_S),
    ]


async def _taken_s(condition: Callable[[], bool]) -> float:
    began_s = time.monotonic()
    await until(condition)
    return time.monotonic() - began_s


def _slowest(name: str, taken_s: list[float], limit_s: float) -> Figure:
    return Figure(
        figure=name, value=max(taken_s), unit="s", limit_or_peer=f"{limit_s:.0f} s; median {median(taken_s):.1f} s",
        ratio=max(taken_s) / limit_s, target=f"<= {limit_s:.0f} s", met=max(taken_s) <= limit_s,
        range=(min(taken_s), max(taken_s)), runs=len(taken_s),
    )  # fmt: skip


class Held(msgspec.Struct, frozen=True):
    """What a process has."""

    resident_mb: float
    files: int
    threads: int


def _held(pid: int) -> Held:
    return Held(resident_bytes(pid) / 1e6, descriptors(pid), len(os.listdir(f"/proc/{pid}/task")))


async def _leaks(camera: RtspCamera) -> list[Figure]:
    """One cell, one camera, opened to its first picture and closed, a thousand times."""
    await camera.start()
    config = _config(camera)
    try:
        async with Cells([config], SystemClock(), os.environ) as cells:
            driver, cell = cells.driver(config), cells.cell(config.name)
            assert cell is not None
            held: list[Held] = []
            pids = set()
            for _ in range(RECONNECTS):
                async with driver.connect(config.settings, SystemClock(), no_secrets):
                    pass
                assert cell.life is not None
                pids.add(cell.life.pid)
                held.append(_held(cell.life.pid))
    finally:
        await camera.stop()
    return [_leak(_middle(held[WARM : WARM + SEEN]), _middle(held[-SEEN:]), len(pids))]


def _middle(held: list[Held]) -> Held:
    """The median of each: one look catches what is just being freed."""
    return Held(
        median([one.resident_mb for one in held]),
        round(median([one.files for one in held])),
        round(median([one.threads for one in held])),
    )


def _leak(warm: Held, last: Held, processes: int) -> Figure:
    value = last.resident_mb - warm.resident_mb
    more = (last.files - warm.files, last.threads - warm.threads)
    return Figure(
        figure=f"camera cell: memory gained from reconnect {WARM} to {RECONNECTS}", value=value, unit="MB",
        limit_or_peer=f"{warm.resident_mb:.1f} to {last.resident_mb:.1f} MB; descriptors {more[0]:+d},"
        f" threads {more[1]:+d}, processes {processes}",
        ratio=None, target=f"<= {LEAK_MB:.0f} MB, no descriptor, no thread",
        met=value <= LEAK_MB and more == (0, 0) and processes == 1, runs=RECONNECTS - WARM,
    )  # fmt: skip
