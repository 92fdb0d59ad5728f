"""What a live view costs the camera's own cell: processor, pictures, bits, memory; and what the eyes get meanwhile.

The cell is that of the daemon, with all that it gives up; camera and media server are GStreamer's, over TLS. The eyes
wish ten pictures a second all the time, so that what a view takes from them would be seen. The same cell without a
view is measured just before, and taken off. Half of the picture is masked where masks are.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

import msgspec

from agent.cells.cells import Cells
from agent.cells.remote import Remote
from agent.cells.slots import slots_of
from agent.clock import SystemClock
from agent.config import SourceConfig
from bench.figure import Figure
from bench.kept import no_secrets, until
from bench.proc import cpu_s, resident_bytes
from drivers.cameras.rtsp import Settings
from drivers.driver import LiveProgress, LiveTarget
from drivers.frame_slot import FrameSlot
from simulator.media_server import MediaServer, certificate
from simulator.processes import free_port
from simulator.rtsp_camera import RtspCamera

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
WATCHED_S = 10.0
SETTLED_S = 3.0
HALF_A_CORE_MS = 500.0
LOOK_S = 0.02


class Kind(msgspec.Struct, frozen=True):
    """One camera, as it is shown."""

    name: str
    masked: bool
    width: int
    height: int
    rate: int
    gop_s: float
    bit_rate: int


KINDS = (
    Kind("packets as they came, 640x360 at 15", False, 640, 360, 15, 2, 1_000_000),
    Kind("masked, made anew of 640x360 at 15", True, 640, 360, 15, 2, 1_000_000),
    Kind("masked, made anew of 1920x1080 at 25", True, 1920, 1080, 25, 4, 4_000_000),
)


class Spent(msgspec.Struct):
    """In WATCHED_S."""

    cpu_s: float
    eyes: int  # pictures that they got


async def measure(folder: Path) -> list[Figure]:
    figures = []
    for number, kind in enumerate(KINDS):
        with tempfile.TemporaryDirectory(dir=folder) as name:
            found = Path(name)
            both, alone = await certificate(found)
            camera = RtspCamera(
                f"hall{number}", free_port(), found, width=kind.width, height=kind.height, rate=kind.rate,
                gop_s=kind.gop_s, bit_rate=kind.bit_rate,
            )  # fmt: skip
            server = MediaServer("media", free_port(), found, both)
            await camera.start()
            await server.start()
            try:
                figures.append(await _cost(kind, camera, server, alone.read_text()))
            finally:
                await server.stop()
                await camera.stop()
    return figures


async def _cost(kind: Kind, camera: RtspCamera, server: MediaServer, ca: str) -> Figure:
    settings = Settings(url=camera.url, masks=(LEFT,) if kind.masked else ())
    config = SourceConfig(name=camera.name, kind="camera", driver="rtsp", settings=settings, places={})
    async with slots_of([camera.name]) as slots, Cells([config], SystemClock(), os.environ, slots=slots.files) as cells:
        with FrameSlot.open(slots.files[camera.name]) as slot:
            async with cells.driver(config).connect(settings, SystemClock(), no_secrets) as remote:
                assert isinstance(remote, Remote)  # a camera lives in a cell
                cell = cells.cell(camera.name)
                assert cell is not None
                assert cell.life is not None
                pid = cell.life.pid
                await asyncio.sleep(SETTLED_S)
                before = resident_bytes(pid) / 1e6
                without = await _spent(pid, slot)
                news = _shown(remote, server, ca, masked=kind.masked)
                await server.until_shown(1)
                first, began_s = len(server.look()), time.monotonic()
                within = await _spent(pid, slot)
                shown = (len(server.look()) - first) / (time.monotonic() - began_s)
                after = resident_bytes(pid) / 1e6
                remote.filmed.end_live("a-view")
                await until(lambda: bool(news) and news[-1].state == "ended")
    taken_ms = 1000 * (within.cpu_s - without.cpu_s) / WATCHED_S
    bits = 8 * news[-1].bytes_sent / WATCHED_S / 1000
    told = (
        f"half a core; {shown:.1f} pictures a second, {bits:.0f} kbit/s; without a view {100 * without.cpu_s:.0f} ms; "
        f"the eyes got {without.eyes / WATCHED_S:.1f} and {within.eyes / WATCHED_S:.1f} a second; "
        f"{before:.0f} and {after:.0f} MB"
    )
    return Figure(
        figure=f"live view, processor of the camera's cell for a second of it, {kind.name}", value=taken_ms, unit="ms",
        limit_or_peer=told, ratio=taken_ms / HALF_A_CORE_MS, target=f"<= {HALF_A_CORE_MS:.0f} ms, the eyes >= 90 %",
        met=taken_ms <= HALF_A_CORE_MS and within.eyes >= 0.9 * without.eyes,
    )  # fmt: skip


def _shown(remote: Remote, server: MediaServer, ca: str, *, masked: bool) -> list[LiveProgress]:
    """What is told of the view."""
    news: list[LiveProgress] = []
    remote.filmed.on_live = news.append
    target = LiveTarget(host="localhost", port=server.port, path="live/cost", ca=ca, masked=masked)
    remote.filmed.show_live("a-view", target)
    return news


async def _spent(pid: int, slot: FrameSlot) -> Spent:
    until_s, spent = time.monotonic() + WATCHED_S, Spent(-cpu_s(pid), 0)
    while time.monotonic() < until_s:
        slot.wish(time.clock_gettime_ns(time.CLOCK_BOOTTIME) + 2_000_000_000)
        spent.eyes += slot.newer() is not None
        await asyncio.sleep(LOOK_S)
    spent.cpu_s += cpu_s(pid)
    return spent
