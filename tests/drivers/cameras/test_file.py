"""A file as a camera: what it tells, again and again; files that are none, end at once, jump, or have no picture."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from av.audio.stream import AudioStream
from hypothesis import HealthCheck, given
from hypothesis import settings as quick
from hypothesis import strategies as st

from agent.clock import SystemClock
from drivers.cameras import camera, file, reader
from drivers.cameras.file import Settings
from drivers.driver import Driver, Verdict
from drivers.errors import DeviceError
from drivers.readings import PictureChange, PictureState
from simulator.scenes import Sight, write_video
from tests.clock import FastClock
from tests.drivers.supervised import until
from tests.secrets import no_secrets

_: Driver[Settings, PictureChange] = file


async def first(settings: Settings) -> PictureChange:
    """Its first word. Raises DeviceError."""
    async with file.connect(settings, SystemClock(), no_secrets) as source, asyncio.timeout(10):
        return await anext(aiter(source))


@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_it_tells_what_is_to_be_seen_with_a_picture_of_it(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "room.mkv"
    write_video(path, [(Sight.CLEAR, 3)], codec=codec, width=320, height=180)
    change = await first(Settings(file=str(path)))
    assert (change.state, change.before) == (PictureState.CLEAR, None)
    with av.open(io.BytesIO(change.jpeg), format="mjpeg") as jpeg:
        frame = next(jpeg.decode(video=0))
    assert (frame.width, frame.height) == (320, 180)


async def test_it_plays_at_its_own_pace_and_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LOOK_S", 0.0)  # each keyframe is looked at, and nothing but its time holds it up
    path = tmp_path / "room.mkv"
    write_video(path, [(Sight.CLEAR, 1)], width=320, height=180)
    began_s = time.monotonic()
    async with file.connect(Settings(file=str(path)), SystemClock(), no_secrets) as source:
        await until(lambda: source.counters.frames >= 3)
    assert time.monotonic() - began_s > 1.5


@pytest.mark.parametrize("what", ["nothing", "folder", "unreadable"])
async def test_what_is_no_file_is_v101(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "room.mkv"
    if what == "folder":
        path.mkdir()
    if what == "unreadable":
        path.write_bytes(b"x")
        monkeypatch.setattr("os.access", lambda *_: False)  # tests may run as root, who may read anything
    settings = Settings(file=str(path))
    assert (file.probe(settings).verdict, file.probe(settings).code) == (Verdict.FAILED, "V-101")
    with pytest.raises(DeviceError) as caught:
        await first(settings)
    assert caught.value.code == "V-101"


def sound(path: Path) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8_000)
        assert isinstance(stream, AudioStream)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8_000), np.int16), layout="mono")
        frame.sample_rate = 8_000
        out.mux([*stream.encode(frame), *stream.encode(None)])


async def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    sound(tmp_path / "sound.wav")
    with pytest.raises(DeviceError) as caught:
        await first(Settings(file=str(tmp_path / "sound.wav")))
    assert caught.value.code == "V-107"


async def test_where_time_jumps_it_goes_on_and_the_ring_starts_anew(tmp_path: Path) -> None:
    for name, seconds in (("one", 1), ("two", 1)):
        write_video(tmp_path / f"{name}.ts", [(Sight.CLEAR, seconds)], width=320, height=180)
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "one.ts").read_bytes() + (tmp_path / "two.ts").read_bytes())
    async with file.connect(Settings(file=str(path)), SystemClock(), no_secrets) as source:
        longest = 0.0
        while source.counters.frames < 3:
            clip = source.ring.cut(60)
            longest = max(longest, clip.seconds if clip else 0.0)
            await asyncio.sleep(0.02)
    assert 0.5 < longest < 1.5  # never both parts as one


@quick(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    data=st.binary(max_size=600),
    head=st.sampled_from([b"", b"\x1aE\xdf\xa3", b"\0\0\0\x18ftypisom", b"G@\0\x10", b"RIFF"]),
)
async def test_any_bytes_as_a_file_are_a_device_error(data: bytes, head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "garbage"
    path.write_bytes(head + data)
    with pytest.raises(DeviceError):
        async with file.connect(Settings(file=str(path)), FastClock(), no_secrets):
            pass


@quick(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 20_000), data=st.binary(min_size=1, max_size=300))
async def test_a_damaged_file_plays_or_is_a_device_error(
    at: int, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "FIRST_S", 0.5)
    whole = tmp_path / "room.mkv"
    if not whole.exists():
        write_video(whole, [(Sight.FROZEN, 1)], width=320, height=180)
    room = whole.read_bytes()
    at %= len(room)
    path = tmp_path / "damaged.mkv"
    path.write_bytes(room[:at] + data + room[at + len(data) :])
    with contextlib.suppress(DeviceError):
        async with file.connect(Settings(file=str(path)), FastClock(), no_secrets) as source:
            assert source.counters.frames >= 1


@pytest.mark.parametrize("wrong", [{}, {"file": "room.mkv"}, {"file": "/a\0b"}, {"file": "/room.mkv", "port": "x"}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)
