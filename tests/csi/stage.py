"""What libcamera's virtual camera sees, and the daemon's side of its cell: for the checks in the Debian 13 tree."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from agent.cells.cell import Cell
from agent.cells.remote import Remote
from agent.cells.spawned import Spawning
from agent.clock import SystemClock
from drivers.cameras.csi import Settings
from drivers.catalog import CATALOG
from drivers.errors import DeviceError
from drivers.frame_slot import FrameSlot, Picture
from drivers.readings import PictureChange

PLACE = Path("/usr/share/libcamera/pipeline/virtual")  # where libcamera looks for virtual.yaml
WIDTH, HEIGHT = 1280, 720
PATIENCE_S = 30.0
STILL_S = 2.5  # no new picture for so long, where one comes each second: the camera stands still
YAML = """%YAML 1.1
---
"Virtual0":
  supported_formats:
  - {width: 1280, height: 720, frame_rates: [10]}
  - {width: 640, height: 360, frame_rates: [10]}
  frames:
    path: "FOLDER"
...
"""


# --- what the camera sees -----------------------------------------------------------------------------------------


def room(seed: int) -> bytes:
    """A JPEG with edges everywhere, and noise as a living sensor has."""
    noise = np.random.default_rng(seed).integers(-6, 7, (HEIGHT, WIDTH))
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    tiles = 60 + 120 * (((rows // 45) + (columns // 40)) % 2)
    return jpeg((tiles + noise).clip(0, 255))


def black() -> bytes:
    return jpeg(np.full((HEIGHT, WIDTH), 16))


def jpeg(grey: NDArray[Any]) -> bytes:
    rgb = np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality=90))


def stage(*pictures: bytes) -> None:
    """What the camera sees after it is opened the next time, over and over."""
    folder = Path(tempfile.mkdtemp(dir=PLACE))
    for number, picture in enumerate(pictures):
        (folder / f"{number:03}.jpg").write_bytes(picture)
    (PLACE / "virtual.yaml").write_text(YAML.replace("FOLDER", str(folder)))


@contextlib.contextmanager
def fault(name: str) -> Iterator[None]:
    """See tests/csi/virtual_camera.py."""
    (PLACE / name).touch()
    try:
        yield
    finally:
        (PLACE / name).unlink()


# --- the daemon's side --------------------------------------------------------------------------------------------


@asynccontextmanager
async def camera_cell(burst_s: float = 0.05) -> AsyncIterator[Cell]:
    limits = CATALOG["csi"].cell
    assert limits is not None
    environment = {
        "PATH": "/usr/bin:/bin",
        "GLIBC_TUNABLES": "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0",  # zeros: see virtual_camera.py
        "LIBCAMERA_LOG_LEVELS": "*:FATAL",
        "CSI_BURST_S": str(burst_s),
    }
    cell = Cell("camera", limits, (), SystemClock(), Spawning(environment))
    try:
        yield cell
    finally:
        await cell.stop()


def connected(
    cell: Cell, camera: int = 0, masks: tuple[tuple[tuple[float, float], ...], ...] = (), slot: str = ""
) -> AbstractAsyncContextManager[Remote]:
    settings = Settings(camera=camera, covered_s=2, frozen_s=5, masks=masks)
    return cell.connected("drivers.cameras.csi", settings, {}, slot)


async def next_change(remote: Remote) -> PictureChange:
    async with asyncio.timeout(PATIENCE_S):
        change = await anext(remote)
    assert isinstance(change, PictureChange)
    return change


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.05)


async def until_it_stands_still(remote: Remote) -> None:
    frames, since_s = -1, 0.0

    def still() -> bool:
        nonlocal frames, since_s
        if frames != remote.counters.frames:
            frames, since_s = remote.counters.frames, time.monotonic()
        return time.monotonic() - since_s > STILL_S

    await until(still)


async def trouble(remote: Remote) -> str:
    """The code with which the connection ends; changes before that are passed over."""
    async with asyncio.timeout(PATIENCE_S):
        try:
            async for _ in remote:
                pass
        except DeviceError as error:
            return error.code
    return ""


async def refusal(cell: Cell, camera: int = 0) -> str:
    """The code with which connecting is refused."""
    try:
        async with connected(cell, camera):
            return ""
    except DeviceError as error:
        return error.code


def pid(cell: Cell) -> int:
    assert cell.life is not None
    return cell.life.pid


def belongings(cell: Cell) -> tuple[int, int]:
    """Open files and threads of its process."""
    place = Path(f"/proc/{pid(cell)}")
    return len(os.listdir(place / "fd")), len(os.listdir(place / "task"))


def resident_mb(cell: Cell) -> int:
    pages = int(Path(f"/proc/{pid(cell)}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20))


async def lent(slot: FrameSlot, count: int) -> AsyncIterator[Picture]:
    """So many new pictures."""
    for _ in range(count):
        async with asyncio.timeout(PATIENCE_S):
            while (found := slot.newer()) is None:
                await asyncio.sleep(0.01)
        yield found
