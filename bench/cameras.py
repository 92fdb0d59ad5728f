"""A camera's cell against GStreamer's RTSP server: its weight, how soon a stall is noticed, whether reconnects leak.

The cell is that of the daemon, with all that it gives up; the server runs beside it and is not counted.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from agent.sources import SourceState, Station, keep_reading
from bench.figure import Figure, median
from bench.proc import peak_bytes, resident_bytes
from drivers.cameras.rtsp import Settings
from drivers.driver import Secret, Source
from drivers.readings import Reading
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
TICKS_S = os.sysconf("SC_CLK_TCK")


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        hall = RtspCamera("hall", free_port(), Path(name), width=1280, height=720, rate=15, gop_s=2, bit_rate=2_000_000)
        quick = RtspCamera("quick", free_port(), Path(name), width=320, height=180, rate=25, gop_s=0.2)
        return [*await _weight(hall), *await _stalls(hall), *await _leaks(quick)]


class Kept:
    """A camera in its cell under the daemon's own supervisor."""

    def __init__(self, station: Station, cells: Cells) -> None:
        self.station = station
        self._cells = cells

    @property
    def pid(self) -> int:
        cell = self._cells.cell(self.station.config.name)
        return cell.life.pid if cell and cell.life else 0

    async def until(self, code: str) -> float:
        """Seconds until it has a trouble, or works if the code is empty."""
        began_s = time.monotonic()
        while self.code != code:
            await asyncio.sleep(0.01)
        return time.monotonic() - began_s

    @property
    def code(self) -> str | None:
        """Of its trouble; empty if it works, None before it is known."""
        if self.station.state is SourceState.WORKING:
            return ""
        return self.station.trouble.code if self.station.trouble else None


def _no_secrets(name: str) -> Secret:
    raise KeyError(name)


def _config(camera: RtspCamera) -> SourceConfig:
    settings = Settings(url=camera.url)
    return SourceConfig(name=camera.name, kind="camera", driver="rtsp", settings=settings, places={})


@asynccontextmanager
async def _kept(camera: RtspCamera) -> AsyncIterator[Kept]:
    clock, config = SystemClock(), _config(camera)

    async def on_reading(_station: Station, _source: Source[Reading], _reading: Reading) -> None:
        pass

    async def on_change(_station: Station) -> None:
        pass

    async with Cells([config], clock, os.environ) as cells:
        station = Station(config, clock)
        driver = cells.driver(config)
        reading = asyncio.create_task(keep_reading(station, driver, clock, _no_secrets, on_reading, on_change))
        try:
            kept = Kept(station, cells)
            await kept.until("")
            yield kept
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _weight(camera: RtspCamera) -> list[Figure]:
    await camera.start()
    try:
        async with _kept(camera) as kept:
            await asyncio.sleep(FULL_S)
            begun = _processor_s(kept.pid)
            await asyncio.sleep(WATCHED_S)
            percent = 100 * (_processor_s(kept.pid) - begun) / WATCHED_S
            resident, peak = resident_bytes(kept.pid) / 1e6, peak_bytes(kept.pid) / 1e6
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
        async with _kept(camera) as kept:
            for _ in range(STALLS):
                await asyncio.sleep(2)
                camera.stall()
                noticed.append(await kept.until("V-105"))
                await asyncio.sleep(1)
                camera.go_on()
                back.append(await kept.until(""))
    finally:
        await camera.stop()
    return [
        _slowest("stalled RTSP stream: noticed after", noticed, NOTICED_S),
        _slowest("stalled RTSP stream: back after the stream is back", back, BACK_S),
    ]


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
    return Held(resident_bytes(pid) / 1e6, len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task")))


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
                async with driver.connect(config.settings, SystemClock(), _no_secrets):
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


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S
