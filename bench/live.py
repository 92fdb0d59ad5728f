"""From a live view's order at the centre to its first decoded picture at a media server: the whole way, each part real.

The order is signed and published by the centre's own code, TLS conversation with the broker included; the box is the
daemon; the camera GStreamer's RTSP server (640 by 360, 15 a second, 1 Mbit/s, a keyframe each 2 s); the media server
GStreamer's too, over TLS with a verified certificate; what it gets is decoded by PyAV. The line to the media server is
clean, or of 2 Mbit/s with 50 ms one way. A second camera is the same with half of it masked, so that its pictures are
made anew; what that costs its cell: bench/live_cost.py.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import msgspec

from bench import live_cost
from bench.figure import Figure, median
from centre import admin, keys
from centre.commands import open_store
from centre.pki import issue
from centre.settings import load_settings
from centre.store import Store
from simulator.link_proxy import LinkProxy
from simulator.media_server import MediaServer
from simulator.processes import free_port
from simulator.rtsp_camera import RtspCamera
from simulator.school import SCHOOL, School

VIEWS = 20
APART_S = 0.7  # a view begins anywhere within a group of pictures
SHOWN = 20  # pictures, until a view is stopped
BITS_PER_S, DELAY_S = 2e6, 0.05
TARGET_S = 2.0
PATIENCE_S = 60.0
LOOK_S = 0.05
CAMERA = '\n[[camera]]\nname = "{name}"\ndriver = "rtsp"\nurl = "{url}"\nmasks = {masks}\n'
MASKS = {"hall": "[]", "gym": "[[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]]"}  # by camera
SHOWN_AS = {"hall": "", "gym": ", masked and made anew"}


async def measure(folder: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        found = Path(name)
        cameras = [
            RtspCamera(name, free_port(), found, width=640, height=360, rate=15, gop_s=2, bit_rate=1_000_000)
            for name in MASKS
        ]
        more = "".join(CAMERA.format(name=one.name, url=one.url, masks=MASKS[one.name]) for one in cameras)
        school = School(found, direct=True, more=more)
        await school.make()
        server = MediaServer("media", free_port(), found, _certificate(school))
        line = LinkProxy(free_port(), server.port)
        try:
            for camera in cameras:
                await camera.start()
            for part in (server, line):
                await part.start()
            await school.start()
            _allow(school, line)
            desk = Desk(school, line)
            await desk.until_allowed()
            figures = [await _views(desk, server, name, "a clean line") for name in MASKS]
            desk.line.bits_per_s, desk.line.delay_s = BITS_PER_S, DELAY_S
            figures += [await _views(desk, server, name, "2 Mbit/s and 50 ms") for name in MASKS]
        finally:
            await school.stop()
            for part in (line, server):
                await part.stop()
            for camera in cameras:
                await camera.stop()
    return [*figures, *await live_cost.measure(folder)]


class Desk:
    """The centre, as its operator's page gives orders."""

    def __init__(self, school: School, line: LinkProxy) -> None:
        self.line = line
        self._school = school
        self._settings = load_settings(school.city.folder / "centre.toml")
        self._key = keys.orders_key(self._settings.file("."))
        self._store: Store = open_store(self._settings)

    async def until_allowed(self) -> None:
        """The box has the camera and the centre's data."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.answer("live.keep", session=str(uuid4())))["outcome"] != "failed" or not self._box_has():
                await asyncio.sleep(LOOK_S)

    def _box_has(self) -> bool:
        status = self._school.status()
        cameras = status.get("sources", {})
        working = all(cameras.get(camera, {}).get("state") == "working" for camera in MASKS)
        return "live" in status.get("datasets", {}) and working

    async def order(self, name: str, **args: object) -> int:
        """Its number; it is on its way when this returns."""
        return await asyncio.to_thread(self._send, name, args)

    def _send(self, name: str, args: dict[str, object]) -> int:
        number = self._store.new_order(SCHOOL, name)
        epoch = self._store.epoch_of(SCHOOL)
        admin.send_order(self._settings, self._key, SCHOOL, epoch, number, name, args, 60)
        return number

    async def answer(self, name: str, **args: object) -> dict[str, str]:
        number = await self.order(name, **args)
        async with asyncio.timeout(PATIENCE_S):
            while not (text := self._store.answer_to(SCHOOL, number)):
                await asyncio.sleep(LOOK_S)
        return msgspec.json.decode(text, type=dict)


async def _views(desk: Desk, server: MediaServer, camera: str, line: str) -> Figure:
    taken = [await _view(desk, server, camera) for _ in range(VIEWS)]
    worst = max(taken)
    return Figure(
        figure=f"live view, order to first decoded picture at the media server, worst, {line}{SHOWN_AS[camera]}",
        value=worst, unit="s",
        limit_or_peer=f"{TARGET_S:g} s; median {median(taken):.2f} s", ratio=worst / TARGET_S,
        target=f"each <= {TARGET_S:g} s", met=worst <= TARGET_S, range=(min(taken), worst), runs=VIEWS,
    )  # fmt: skip


async def _view(desk: Desk, server: MediaServer, camera: str) -> float:
    """One view: seconds from before the order was signed."""
    server.shown.clear()
    gone = server.went
    session, began_ns = str(uuid4()), time.monotonic_ns()
    where = {"host": "localhost", "port": desk.line.port, "path": f"live/{session}"}
    ordering = asyncio.create_task(
        desk.order("live.start", session=session, camera=camera, seconds=60, by="bench", **where)
    )
    await server.until_shown(SHOWN, PATIENCE_S)
    await ordering
    await desk.answer("live.stop", session=session)
    async with asyncio.timeout(PATIENCE_S):
        while not server.look() or server.went == gone:  # what was on the line has come
            await asyncio.sleep(LOOK_S)
    await asyncio.sleep(APART_S)
    return (server.shown[0].decoded_ns - began_ns) / 1e9


def _certificate(school: School) -> Path:
    """For the media server, by the city's authority; with its key."""
    folder = school.folder / "media"
    issue(school.city.folder / "pki", "media", folder, "media", hosts=("localhost",))
    both = folder / "media.pem"
    both.write_bytes((folder / "media.crt").read_bytes() + (folder / "media.key").read_bytes())
    return both


def _allow(school: School, line: LinkProxy) -> None:
    """The dataset `live`, signed and published."""
    file = school.folder / "live.json"
    file.write_bytes(msgspec.json.encode({"servers": [{"host": "localhost", "port": line.port}]}))
    school.city.must("reference", SCHOOL, "live", str(file))
