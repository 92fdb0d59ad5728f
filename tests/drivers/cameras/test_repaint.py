"""Video painted over: every picture of it, whatever the codec; nothing of what is damaged; bounded in time and size."""

from __future__ import annotations

import io
import random
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cameras.masks import Masks
from drivers.cameras.mp4 import Mp4
from drivers.cameras.repaint import RATE, WIDTH_MOST, Repainter
from drivers.cameras.ring import Form, Packet

BASE = Fraction(1, 90_000)
RIGHT = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}


def encoded(codec: str, seconds: float, *, rate: int = 20, width: int = 320, height: int = 192) -> list[Packet]:
    """A bright picture, brighter from one to the next."""
    made = av.CodecContext.create(ENCODERS[codec], "w")
    made.width, made.height, made.time_base, made.framerate = width, height, BASE, Fraction(rate)  # type: ignore[attr-defined]
    made.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"  # type: ignore[attr-defined]
    made.options = {} if codec == "mjpeg" else {"preset": "ultrafast", "tune": "zerolatency"}
    if codec == "hevc":
        made.options |= {"x265-params": "log-level=none"}
    packets = []
    for number in range(round(seconds * rate)):
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = 150 + number % 60
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p").reformat(format=made.pix_fmt)  # type: ignore[attr-defined]
        frame.pts, frame.time_base = number * 90_000 // rate, BASE
        packets += made.encode(frame)  # type: ignore[attr-defined]
    packets += made.encode(None)  # type: ignore[attr-defined]
    stamps = [(one.pts, one.dts if one.dts is not None else one.pts) for one in packets]
    return [Packet(bytes(one), one.is_keyframe, *when) for one, when in zip(packets, stamps, strict=True)]


def painted(form: Form, packets: list[Packet]) -> tuple[Repainter, list[Packet]]:
    repainter = Repainter(form, Masks([RIGHT]))
    found = [one for packet in packets for one in repainter.take(packet)]
    return repainter, [*found, *repainter.end()]


def pictures(form: Form, packets: list[Packet]) -> list[av.VideoFrame]:
    mp4 = Mp4(form)
    for one in packets:
        mp4.add(one)
    mp4.close()
    with av.open(io.BytesIO(mp4.take()), "r") as played:
        return list(played.decode(video=0))


@pytest.mark.parametrize("codec", ENCODERS)
def test_the_hidden_part_is_black_in_every_picture(codec: str) -> None:
    repainter, found = painted(Form(codec, 320, 192, BASE), encoded(codec, 2.0))
    assert repainter.form == Form("h264", 320, 192, BASE)
    assert found[0].is_key
    shown = pictures(repainter.form, found)
    assert len(shown) == len(found)
    for frame in shown:
        grey = frame.to_ndarray(format="gray")
        assert grey[:, 176:].max() < 30
        assert grey[:, :140].min() > 120


def test_so_many_pictures_a_second_however_many_came() -> None:
    _, found = painted(Form("h264", 320, 192, BASE), encoded("h264", 3.0))
    apart = [later.pts - one.pts for one, later in pairwise(found)]
    assert 3 * RATE - 1 <= len(found) <= 3 * RATE + 1
    assert min(apart) >= 90_000 / RATE * 0.9
    slow = encoded("h264", 3.0, rate=2)
    assert len(painted(Form("h264", 320, 192, BASE), slow)[1]) == len(slow)


def test_a_wide_picture_is_made_smaller() -> None:
    repainter, _ = painted(Form("h264", 1920, 1080, BASE), encoded("h264", 0.2, width=1920, height=1088))
    assert repainter.form is not None
    assert (repainter.form.width, repainter.form.height % 4) == (WIDTH_MOST, 0)


@given(st.integers(0, 1 << 32))
def test_whatever_a_camera_sends_what_comes_out_is_painted(seed: int) -> None:
    """Packets that are cut, changed, left out: less comes out, and nothing that was not painted."""
    chance = random.Random(seed)
    packets = list(BROKEN)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(packets))
        data = bytearray(packets[at].data)
        match chance.randrange(3):
            case 0:
                del packets[at]
                continue
            case 1:
                del data[chance.randrange(len(data)) :]
            case _:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        packets[at] = Packet(bytes(data), packets[at].is_key, packets[at].pts, packets[at].dts)
    repainter, found = painted(Form("h264", 320, 192, BASE), packets)
    for frame in pictures(repainter.form, found) if repainter.form else []:
        assert frame.to_ndarray(format="gray")[:, 176:].max() < 30


BROKEN = encoded("h264", 0.5)
