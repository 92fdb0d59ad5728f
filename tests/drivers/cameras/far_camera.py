"""Network cameras on the far side, one server for all tests of this process that want the same kind.

Its processes end with this one; a test that stalls or kills it starts it again.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.cameras import reader
from simulator.processes import free_port
from simulator.rtsp_camera import RtspCamera
from simulator.scenes import Sight, write_video

GOP_S = 0.24
SMALL = {"width": 320, "height": 180, "rate": 25, "gop_s": GOP_S}


@functools.cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mektep-cameras-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _made(codec: str, user: str, password: str, certificate: Path | None) -> RtspCamera:
    name = f"{codec}-{user}-{bool(certificate)}"
    camera = RtspCamera(
        name, free_port(), _folder(), codec=codec, user=user, password=password, certificate=certificate, **SMALL
    )  # type: ignore[arg-type]
    atexit.register(camera.vanish)
    return camera


@asynccontextmanager
async def far_camera(
    *, codec: str = "h264", user: str = "", password: str = "", certificate: Path | None = None
) -> AsyncIterator[RtspCamera]:
    """A camera that runs, and sees a room."""
    camera = _made(codec, user, password, certificate)
    camera.clear()
    await camera.start()
    try:
        yield camera
    finally:
        camera.go_on()
        camera.resize(SMALL["width"], SMALL["height"])  # type: ignore[arg-type]


@asynccontextmanager
async def looking_often() -> AsyncIterator[None]:
    """At each keyframe, so that a test need not wait a second for a look."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "LOOK_S", 0.2)
        yield


class Plug:
    """The camera's power, as what a contract test pulls."""

    def __init__(self, camera: RtspCamera) -> None:
        self._camera = camera
        self._starting: asyncio.Task[None] | None = None

    def plug(self) -> None:
        self._starting = asyncio.create_task(self._camera.start())

    def unplug(self) -> None:
        self._camera.vanish()


class FileOfSights:
    """A link to one of two short videos: a room, and a hand before it."""

    def __init__(self, folder: Path) -> None:
        self.link = folder / "seen.mkv"
        self._videos = {sight: folder / f"{sight}.mkv" for sight in (Sight.CLEAR, Sight.COVERED)}
        for sight, path in self._videos.items():
            write_video(path, [(sight, 1)], width=320, height=180)
        self._sight = Sight.CLEAR
        self.plug()

    def plug(self) -> None:
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(self._videos[self._sight])

    def unplug(self) -> None:
        self.link.unlink()

    def change(self) -> None:
        self._sight = Sight.CLEAR if self._sight is Sight.COVERED else Sight.COVERED
        self.plug()
