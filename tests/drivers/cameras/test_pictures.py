"""Pictures out of keyframes: a damaged one is none; grey ones and JPEGs of any size."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from hypothesis import HealthCheck, given
from hypothesis import settings as quick
from hypothesis import strategies as st

from drivers.cameras.masks import Masks
from drivers.cameras.pictures import BLOCK_PX, Decoder, Greyer, Painter, first_picture, last_picture
from drivers.cameras.ring import Clip, Form, Packet, parameter_sets
from drivers.readings import BLOCKS, SNAPSHOT_BYTES
from simulator.scenes import Sight, write_scene
from tests.drivers.cameras.test_ring import scene
from tests.drivers.outlines import LEFT

NAMES = {"h264": "h264", "h265": "hevc"}


def decoder(name: str) -> Decoder:
    context = av.CodecContext.create(name, "r")
    assert isinstance(context, VideoCodecContext)
    return Decoder(context)


def keyframe(tmp_path: Path, codec: str) -> bytes:
    path = write_scene(tmp_path, Sight.FROZEN, codec=codec, width=320, height=180, seconds=1)
    return scene(path)[0][1]


@pytest.mark.parametrize("codec", NAMES)
def test_each_keyframe_gives_its_picture_at_once(codec: str, tmp_path: Path) -> None:
    """Though decoders hold pictures back, and though what lies between the keyframes is missing."""
    path = write_scene(tmp_path, Sight.CLEAR, codec=codec, width=320, height=180, seconds=3)
    keys, eye = [data for key, data in scene(path) if key], decoder(NAMES[codec])
    assert len(keys) == 3
    for data in keys:
        frame = eye.picture(av.Packet(data))
        assert frame is not None
        assert (frame.width, frame.height) == (320, 180)


@pytest.mark.parametrize(
    ("codec", "lost"),
    [
        ("h264", "the end"),
        ("h264", "the middle"),
        ("h264", "all but the head"),
        ("h265", "all but the head"),  # FFmpeg does not say what else is wrong with a picture in H.265
    ],
)
def test_a_damaged_keyframe_is_no_picture_and_the_next_one_is(codec: str, lost: str, tmp_path: Path) -> None:
    whole = keyframe(tmp_path, codec)
    third = len(whole) // 3
    damaged = {
        "the end": whole[: 2 * third],
        "the middle": whole[:third] + bytes(255 - one for one in whole[third : 2 * third]) + whole[2 * third :],
        "all but the head": whole[:60],
    }[lost]
    eye = decoder(NAMES[codec])
    assert eye.picture(av.Packet(damaged)) is None
    assert eye.picture(av.Packet(whole)) is not None


@quick(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(codec=st.sampled_from(sorted(NAMES)), data=st.binary(max_size=400), at=st.integers(0, 3000))
def test_any_bytes_are_a_picture_or_none(codec: str, data: bytes, at: int, tmp_path: Path) -> None:
    whole = keyframe(tmp_path, codec)
    eye = decoder(NAMES[codec])
    eye.picture(av.Packet(whole[:at] + data + whole[at + len(data) :]))
    assert eye.picture(av.Packet(whole)) is not None


def test_the_first_picture_of_a_clip(tmp_path: Path) -> None:
    data = keyframe(tmp_path, "h264")
    form = Form("h264", 320, 180, Fraction(1, 1000), parameter_sets("h264", data))
    frame = first_picture(Clip(form, (Packet(data, True, 0, 0),)))
    assert frame is not None
    assert (frame.width, frame.height) == (320, 180)


def noise(width: int, height: int) -> av.VideoFrame:
    planes = np.random.default_rng(1).integers(0, 256, (height * 3 // 2, width), dtype=np.uint8)
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 480), (320, 180), (32, 32)])
def test_the_grey_picture_has_one_size_and_the_brightness_of_the_large_one(width: int, height: int) -> None:
    luma = np.full((height * 3 // 2, width), 126, np.uint8)  # half way between black, 16, and white, 235
    grey = Greyer().grey(av.VideoFrame.from_ndarray(luma, format="yuv420p"))
    assert (grey.shape, grey.dtype) == ((180, 320), np.uint8)
    assert abs(int(grey.mean()) - 128) <= 1


@pytest.mark.parametrize(
    ("size", "becomes"),
    [((1920, 1080), (640, 360)), ((640, 480), (640, 480)), ((360, 640), (360, 640)), ((32, 32), (640, 640))],
)
def test_in_a_coarse_picture_there_is_nothing_but_blocks(size: tuple[int, int], becomes: tuple[int, int]) -> None:
    painter = Painter()
    jpeg = painter.coarse(painter.shown(noise(*size)))
    assert len(jpeg) < 60_000  # it goes with a snapshot in one message of a cell
    decoded = decoder("mjpeg").picture(av.Packet(jpeg))
    assert decoded is not None
    assert (decoded.width, decoded.height) == becomes
    luma = decoded.reformat(format="gray").to_ndarray().astype(int)
    blocks = luma.reshape(becomes[1] // BLOCK_PX, BLOCK_PX, becomes[0] // BLOCK_PX, BLOCK_PX)
    assert np.ptp(blocks, axis=(1, 3)).max() <= 3  # as flat as a JPEG is
    assert max(blocks.shape[0], blocks.shape[2]) == BLOCKS


def test_a_coarse_picture_is_light_and_dark_where_the_picture_is() -> None:
    half = np.full((270, 320), 16, np.uint8)
    half[:180, 160:] = 235
    half[180:] = 128
    painter = Painter()
    shown = painter.shown(av.VideoFrame.from_ndarray(half, format="yuv420p"))
    decoded = decoder("mjpeg").picture(av.Packet(painter.coarse(shown)))
    assert decoded is not None
    luma = decoded.reformat(format="gray").to_ndarray()
    assert (luma[:, :300].max() < 10, luma[:, 340:].min() > 245) == (True, True)


@pytest.mark.parametrize(
    ("size", "becomes"), [((640, 360), (640, 360)), ((3840, 2160), (1920, 1080)), ((32, 32), (32, 32))]
)
def test_a_jpeg_of_the_worst_picture_is_bounded(size: tuple[int, int], becomes: tuple[int, int]) -> None:
    painter = Painter()
    jpeg = painter.jpeg(painter.shown(noise(*size)))
    assert 0 < len(jpeg) <= SNAPSHOT_BYTES
    assert jpeg.startswith(b"\xff\xd8")
    decoded = decoder("mjpeg").picture(av.Packet(jpeg))
    assert decoded is not None
    assert (decoded.width, decoded.height) == becomes


@pytest.mark.parametrize("size", [(640, 360), (3840, 2160), (322, 182)])
@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "yuv422p", "rgb24"])
def test_behind_a_mask_nothing_is_left_in_either_form(size: tuple[int, int], form: str) -> None:
    painter = Painter(Masks([LEFT]))
    shown = painter.shown(noise(*size).reformat(format=form))
    for jpeg in (painter.jpeg(shown), painter.coarse(shown)):
        decoded = decoder("mjpeg").picture(av.Packet(jpeg))
        assert decoded is not None
        colours = decoded.reformat(format="rgb24").to_ndarray()
        middle = colours.shape[1] // 2
        assert colours[:, : middle - 16].max() <= 12  # black, as far as a JPEG holds it
        assert colours[:, middle + 48 :].mean() > 60


def test_the_newest_picture_of_a_clip(tmp_path: Path) -> None:
    """What hangs on the keyframe is in it; damage at its end is passed over."""
    packets = scene(write_scene(tmp_path, Sight.CLEAR, width=320, height=180, seconds=1))
    form = Form("h264", 320, 180, Fraction(1, 10), parameter_sets("h264", packets[0][1]))
    whole = [Packet(data, is_key, at, at) for at, (is_key, data) in enumerate(packets)]
    first, last = first_picture(Clip(form, tuple(whole))), last_picture(Clip(form, tuple(whole)))
    assert first is not None
    assert last is not None
    assert abs(first.to_ndarray().astype(int) - last.to_ndarray()).max() > 30  # somebody has walked
    spoilt = [*whole, Packet(b"\0\0\1\x41nothing", is_key=False, pts=99, dts=99)]
    again = last_picture(Clip(form, tuple(spoilt)))
    assert again is not None
    assert last_picture(Clip(form, (Packet(b"\0\0\1\x65nothing", is_key=True, pts=0, dts=0),))) is None
