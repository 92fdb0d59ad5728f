"""Size, rate and clock of a stream by a real RTSP server: right, minutes ahead, hours behind; of a file no clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.clock import SystemClock
from drivers.cameras import file, gauge, rtsp
from drivers.cameras.camera import Camera
from drivers.driver import Video
from simulator.processes import free_port
from simulator.rtsp_camera import RtspCamera
from simulator.scenes import Sight, write_video
from tests.drivers.cameras.far_camera import SMALL, far_camera
from tests.drivers.supervised import until
from tests.secrets import no_secrets

CLOCK = SystemClock()


def video_of(camera: Camera) -> Video:
    assert camera.counters.video is not None
    return camera.counters.video


def off_s(video: Video) -> float:
    assert video.clock_ns is not None
    return (video.clock_ns - (CLOCK.utc_ns() - CLOCK.monotonic_ns())) / 1e9


@asynccontextmanager
async def wrong(off: float, folder: Path) -> AsyncIterator[RtspCamera]:
    camera = RtspCamera("wrong", free_port(), folder, clock_off_s=off, **SMALL)  # type: ignore[arg-type]
    await camera.start()
    try:
        yield camera
    finally:
        await camera.stop()


async def test_a_stream_tells_size_rate_and_a_clock_that_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauge, "RATE_S", 0.5)
    async with far_camera() as far, rtsp.connect(rtsp.Settings(url=far.url), CLOCK, no_secrets) as camera:
        video = video_of(camera)
        await until(lambda: video.clock_ns is not None and video.rate)
        assert (video.width_px, video.height_px) == (320, 180)
        assert 5 < video.rate < 60  # it pushes 25 a second, as far as the machine has time
        assert 0 <= CLOCK.monotonic_ns() - video.seen_ns < 5e9
        assert abs(off_s(video)) < 1.5


@pytest.mark.parametrize("off", [180.0, -7_200.5])
async def test_a_clock_that_is_wrong_is_told_by_how_much(off: float, tmp_path: Path) -> None:
    async with wrong(off, tmp_path) as far, rtsp.connect(rtsp.Settings(url=far.url), CLOCK, no_secrets) as camera:
        video = video_of(camera)
        await until(lambda: video.clock_ns is not None)
        assert off_s(video) == pytest.approx(off, abs=1.5)


async def test_of_a_sub_stream_only_the_last_picture_counts() -> None:
    async with (
        far_camera() as far,
        rtsp.connect(rtsp.Settings(url=far.url, sub_url=far.url.replace("/main", "/sub")), CLOCK, no_secrets) as camera,
    ):
        video = video_of(camera)
        first_ns = video.seen_ns
        await until(lambda: video.seen_ns > first_ns)  # the main stream's pictures are looked at once
        assert (video.width_px, video.height_px) == (320, 180)


async def test_a_file_has_no_clock(tmp_path: Path) -> None:
    write_video(tmp_path / "room.mkv", [(Sight.CLEAR, 2)], width=320, height=180)
    async with file.connect(file.Settings(file=str(tmp_path / "room.mkv")), CLOCK, no_secrets) as camera:
        video = video_of(camera)
        await until(lambda: video.rate)
        assert (video.width_px, video.height_px, video.clock_ns) == (320, 180, None)
