"""A camera that plays clips, on GStreamer's own server, read by FFmpeg: no seam, and what is on is told."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise
from pathlib import Path

import av
import pytest

from simulator.clip_scenes import Scenes
from simulator.clips import clips
from simulator.processes import free_port
from simulator.rtsp_camera import RtspCamera
from tests.drivers.supervised import until
from tests.simulator.footage_made import ROWS, SMALL, folder_of

PICTURES = 60  # four scenes of a second
VIEWERS = 10


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three clips of other sizes and rates."""
    folder = tmp_path_factory.mktemp("footage")
    made = Scenes(folder / "cache", SMALL)
    return [made.plain(clip) for clip in clips(folder_of(folder, ROWS[:3]))]


def read(url: str, count: int, *, timeout_s: float = 10.0, **options: str) -> list[av.VideoFrame]:
    with av.open(url, options={"rtsp_transport": "tcp"} | options, timeout=timeout_s) as stream:
        found: list[av.VideoFrame] = []
        for frame in stream.decode(video=0):
            found.append(frame)
            if len(found) == count:
                break
    return found


async def test_clips_follow_each_other_without_a_seam(tmp_path: Path, scenes: list[Path]) -> None:
    camera = RtspCamera("corridor", free_port(), tmp_path, scenes=scenes)
    await camera.start()
    try:
        frames = await asyncio.to_thread(read, camera.url, PICTURES)
    finally:
        await camera.stop()
    times = [frame.time or 0.0 for frame in frames]
    steps = [later - sooner for sooner, later in pairwise(times)]
    assert min(steps) > 0  # monotone
    assert max(steps) < 0.5  # no clip's end is a pause; a busy machine may be late
    assert times[-1] - times[0] == pytest.approx(PICTURES / SMALL.rate, rel=0.25)
    assert {(frame.width, frame.height) for frame in frames} == {(SMALL.width, SMALL.height)}
    assert not any(frame.is_corrupt for frame in frames)


async def test_each_viewer_is_sent_pictures_at_once(tmp_path: Path) -> None:
    """However a picture falls into the moments in which a viewer's stream is set going: one comes each millisecond."""
    camera = RtspCamera("hall", free_port(), tmp_path, width=320, height=180, rate=1_000, gop_s=0.25)
    await camera.start()
    try:
        for _ in range(VIEWERS):
            assert await asyncio.to_thread(read, camera.url, 1, timeout_s=4.0, fpsprobesize="0")
    finally:
        await camera.stop()


async def test_another_scene_begins_at_a_keyframe_and_says_so(tmp_path: Path, scenes: list[Path]) -> None:
    calm, other, _ = scenes
    camera = RtspCamera("corridor", free_port(), tmp_path, scenes=[calm])
    assert camera.shown() is None
    await camera.start()
    stop = threading.Event()
    try:
        await until(lambda: camera.shown() is not None)
        watching = asyncio.create_task(asyncio.to_thread(watch, camera.url, stop))
        before = camera.shown()
        assert before is not None
        assert before.scene == calm
        asked_s = time.monotonic()
        camera.play([other])
        await until(lambda: (shown := camera.shown()) is not None and shown.scene == other)
        after = camera.shown()
        assert after is not None
        assert asked_s - 0.1 <= after.since_s <= time.monotonic()
        stop.set()
        assert await watching  # the stream went on
    finally:
        stop.set()
        await camera.stop()


def watch(url: str, stop: threading.Event) -> bool:
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=10.0) as stream:
        return all(not frame.is_corrupt for frame in _until(stream, stop))


def _until(stream: av.container.InputContainer, stop: threading.Event) -> list[av.VideoFrame]:
    found = []
    for frame in stream.decode(video=0):
        found.append(frame)
        if stop.is_set():
            break
    return found
