"""One stream and its thread: packets kept, keyframes shown, damage counted; whatever ends it, it is closed and told."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from agent.clock import SystemClock
from drivers.cameras import reader
from drivers.cameras.pictures import last_picture
from drivers.cameras.reader import Place, Reader, See
from drivers.cameras.ring import Ring, parameter_sets
from drivers.cameras.watch import Grey
from drivers.driver import Counters
from drivers.errors import DeviceError
from simulator.scenes import Sight, write_video
from tests.drivers.supervised import open_files, until

URL = "rtsp://viewer:hunter2@10.0.0.5/main"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "room.mkv"
    write_video(path, [(Sight.CLEAR, 2)], width=320, height=180)
    return path


def reading(path: Path, see: See | None = None, *, paced: bool = False) -> tuple[Reader, Ring, Counters]:
    ring, counters = Ring(10, 1_000_000), Counters()
    place = Place(name="the file", url=str(path), paced=paced)
    return Reader(place, SystemClock(), counters, ring=ring, see=see), ring, counters


async def ended(one: Reader) -> Exception:
    """Start it and wait for its end."""
    before = open_files()
    one.start()
    async with asyncio.timeout(10):
        reason = await one.over
    one.join()
    assert open_files() == before
    return reason


async def test_packets_are_kept_and_the_end_is_told(video: Path) -> None:
    seen: list[av.VideoFrame] = []
    one, ring, counters = reading(video, lambda frame, _: seen.append(frame))
    reason = await ended(one)
    clip = ring.cut(10)
    assert isinstance(reason, DeviceError)
    assert reason.code == "V-109"
    assert one.first.is_set()
    assert clip is not None
    assert (len(clip.packets), clip.form.codec, clip.form.width) == (20, "h264", 320)
    assert counters.frames == len(seen) == 1  # it was read at once: a second look was not due


OPEN_GROUPS = {  # keyframes that others before them still lean on: the second one brings no parameter sets in a file
    "h264": ("libx264", {"x264-params": "open-gop=1:bframes=2:keyint=10:min-keyint=10:scenecut=0"}),
    "hevc": ("libx265", {"x265-params": "open-gop=1:bframes=2:keyint=10:min-keyint=10:scenecut=0:log-level=none"}),
}


@pytest.mark.parametrize("codec", OPEN_GROUPS)
async def test_a_file_s_every_keyframe_brings_what_a_decoder_must_know(tmp_path: Path, codec: str) -> None:
    path, (encoder, options) = tmp_path / "open.mp4", OPEN_GROUPS[codec]
    rng = np.random.default_rng(1)
    with av.open(path, "w") as file:
        stream = file.add_stream(encoder, rate=10, options=options | {"preset": "ultrafast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(30):
            pixels = np.full((270, 320), 128, np.uint8)
            pixels[:180] = rng.integers(16, 235, (9, 16), np.uint8).repeat(20, 0).repeat(20, 1)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="yuv420p")))
        file.mux(stream.encode(None))
    one, ring, _ = reading(path)
    await ended(one)
    whole, newest = ring.cut(10), ring.cut(0)
    assert whole is not None
    assert newest is not None
    keys = [packet.data for packet in whole.packets if packet.is_key]
    assert (len(whole.packets), len(keys)) == (30, 3)  # the ring did not begin anew
    assert {parameter_sets(codec, data) for data in keys} == {whole.form.parameters}
    assert not whole.form.parameters.startswith(b"\x01")
    assert last_picture(newest) is not None


async def test_damaged_keyframes_are_counted_and_not_shown(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader.Decoder, "picture", lambda *_: None)
    one, _, counters = reading(video, lambda *_: pytest.fail("it was shown"))
    await ended(one)
    assert (counters.frames, counters.garbled) == (0, 2)
    assert not one.first.is_set()


async def test_stopped_it_ends_soon_though_a_file_waits_for_its_time(video: Path) -> None:
    one, _, counters = reading(video, lambda *_: None, paced=True)
    one.start()
    await until(lambda: counters.frames)
    assert not one.packets.stopped()
    one.stop()
    await until(one.over.done)
    one.join()
    assert "camera the file" not in [thread.name for thread in threading.enumerate()]


async def test_a_defect_of_ours_is_told_as_one_without_the_address(video: Path) -> None:
    def see(_frame: av.VideoFrame, _grey: Grey) -> None:
        raise KeyError(URL)

    one, _, _ = reading(video, see)
    reason = await ended(one)
    assert isinstance(reason, RuntimeError)
    assert "KeyError" in str(reason)
    assert "hunter2" not in repr(reason)
    assert (reason.__cause__, reason.__context__) == (None, None)


async def test_a_title_in_another_encoding_is_no_trouble(video: Path) -> None:
    whole = video.read_bytes()
    assert b"Lavf" in whole
    video.write_bytes(whole.replace(b"Lavf", "Двор".encode("cp1251")))
    one, _, counters = reading(video)
    reason = await ended(one)
    assert isinstance(reason, DeviceError)
    assert (reason.code, counters.frames) == ("V-109", 1)


async def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    reason = await ended(reading(tmp_path / "none.mkv")[0])
    assert isinstance(reason, DeviceError)
    assert reason.code == "V-101"


async def test_the_loop_may_end_before_the_thread(video: Path) -> None:
    one, _, counters = reading(video, lambda *_: None, paced=True)
    one.start()
    await until(lambda: counters.frames)
    one._loop = asyncio.new_event_loop()
    one._loop.close()
    one.stop()
    one._thread.join(5)
    assert not one._thread.is_alive()


def test_a_place_does_not_show_its_address() -> None:
    place = Place(name="rtsp://10.0.0.5/main", url=URL)
    assert "hunter2" not in f"{place} {place!r} {[place]}"
