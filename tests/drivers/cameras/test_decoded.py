"""The newest picture out of packets: at once, then up to now; none that is damaged; over when a size changes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cameras.anew import Run, Unshowable
from drivers.cameras.decoded import BEHIND, MOST, Decoded, alike
from drivers.cameras.encoder import Picture
from drivers.cameras.masks import Masks
from drivers.cameras.ring import Form, Packet, Ring
from drivers.cell import CellClock
from tests.drivers.cameras.test_encoder import decoded
from tests.drivers.cameras.test_repaint import BASE, ENCODERS, RIGHT, encoded

WIDTH, HEIGHT, RATE = 320, 192, 20


def form(codec: str = "h264", width: int = WIDTH, height: int = HEIGHT) -> Form:
    return Form(codec, width, height, BASE)


def shade(picture: Picture | None) -> int | None:
    """encoded() makes each picture brighter by one."""
    return None if picture is None else round(float(picture[:HEIGHT].mean()))


class Source:
    def __init__(self, codec: str = "h264", seconds: float = 2.0) -> None:
        self.packets = encoded(codec, seconds)
        self.form = form(codec)
        self.ring = Ring(0, 4 << 20)
        self.main = Ring(0, 4 << 20)
        self.decoded = Decoded(self.ring, self.main)

    def put(self, first: int, last: int) -> None:
        for one in self.packets[first:last]:
            self.ring.put(one, self.form)


@pytest.mark.parametrize("codec", ENCODERS)
def test_the_last_keyframe_is_shown_at_once_then_the_newest_picture(codec: str) -> None:
    it = Source(codec)
    it.put(0, 10)
    it.decoded.open()
    keys = [number for number, one in enumerate(it.packets[:10]) if one.is_key]
    assert it.decoded.wait(0)
    begin = shade(it.decoded.newest())
    assert begin == pytest.approx(150 + keys[-1], abs=3)
    newest = shade(it.decoded.newest())
    assert newest == pytest.approx(150 + 9, abs=3)
    assert not it.decoded.wait(0)
    it.put(10, 20)
    assert shade(it.decoded.newest()) == pytest.approx(150 + 19, abs=3)
    it.decoded.close()
    it.put(20, 21)
    assert not it.decoded.wait(0)


def test_a_large_picture_is_made_smaller_in_its_shape() -> None:
    it = Source()
    it.packets = encoded("h264", 0.2, width=1280, height=720)
    it.form = form(width=1280, height=720)
    it.put(0, 2)
    it.decoded.open()
    picture = it.decoded.newest()
    assert picture is not None
    assert picture.shape == (540, 640)
    assert picture.flags.writeable


def test_where_it_does_not_keep_up_all_goes_when_a_keyframe_comes() -> None:
    it = Source(seconds=0.1)
    key, other = it.packets
    it.decoded.open()
    it.decoded._begun = True
    step = 4500
    for number in range(BEHIND + 5):
        it.ring.put(Packet(other.data if number else key.data, not number, number * step, number * step), it.form)
    assert len(it.decoded._waiting) == BEHIND + 5
    it.ring.put(Packet(key.data, True, 100 * step, 100 * step), it.form)
    assert [one.is_key for one, _ in it.decoded._waiting] == [True]


def test_without_a_keyframe_it_is_bounded() -> None:
    it = Source(seconds=0.1)
    key, other = it.packets
    it.decoded.open()
    for number in range(2 * MOST):
        it.ring.put(Packet(other.data if number else key.data, not number, number, number), it.form)
    assert (len(it.decoded._waiting), it.decoded._bytes) == (0, 0)
    assert it.decoded.newest() is None, "it had waited before"
    it.ring.put(Packet(key.data, True, 5 * MOST, 5 * MOST), it.form)
    it.ring.put(Packet(other.data, False, 6 * MOST, 6 * MOST), it.form)
    assert shade(it.decoded.newest()) == pytest.approx(150, abs=3)
    assert len(it.decoded._waiting) == 2, "it begins with the keyframe, at once"


def test_after_damage_nothing_is_shown_until_the_next_keyframe() -> None:
    it = Source(seconds=2.0)
    key = it.packets[0]
    it.put(0, 3)
    it.decoded.open()
    assert [shade(it.decoded.newest()) is not None for _ in range(2)] == [True, True]
    broken = it.packets[3]
    it.ring.put(Packet(broken.data[:5] + bytes(range(256)) * 4, False, broken.pts, broken.dts), it.form)
    assert it.decoded.newest() is None
    it.put(4, 8)
    assert it.decoded.newest() is None
    at = it.packets[8].pts
    it.ring.put(Packet(key.data, True, at, at), it.form)
    assert shade(it.decoded.newest()) == pytest.approx(150, abs=3)


def test_a_picture_of_another_size_is_none() -> None:
    it = Source()
    it.put(0, 3)
    it.decoded.open()
    assert it.decoded.newest() is not None
    larger = encoded("h264", 0.2, width=400, height=192)
    for one in larger:
        it.ring.put(one, form(width=400))
    with pytest.raises(Unshowable, match="masked") as caught:
        it.decoded.newest()
    assert "320x192 and is 400x192" in caught.value.what


def test_it_is_over_where_the_picture_on_which_the_masks_were_drawn_has_another_size() -> None:
    """The small stream goes on as it was: whether it shows the same as before, nobody knows."""
    it = Source()
    it.put(0, 3)
    for size in ((1280, 768), (1280, 720)):
        it.main.put(Packet(b"x", True, 0, 0), form(width=size[0], height=size[1]))
        it.decoded.open()
        if size == (1280, 768):
            assert it.decoded.newest() is not None
    with pytest.raises(Unshowable, match="masked"):
        it.decoded.newest()


def test_new_parameter_sets_of_the_same_size_go_on() -> None:
    it = Source()
    it.put(0, 3)
    it.decoded.open()
    it.decoded.newest()
    it.form = Form("h264", WIDTH, HEIGHT, BASE, b"\x00\x00\x01\x68others")
    for one in encoded("h264", 0.2):
        it.ring.put(one, it.form)
    assert shade(it.decoded.newest()) is not None


ALIKE = [
    ((1920, 1080), (640, 360), True), ((2560, 1440), (704, 396), True), ((1280, 720), (640, 480), False),
    ((1920, 1080), (704, 576), False), ((640, 480), (320, 240), True), ((0, 0), (320, 240), False),
    ((1920, 1080), (360, 640), False),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), ALIKE)
def test_whether_masks_lie_in_both_streams_at_the_same_place(
    one: tuple[int, int], other: tuple[int, int], same: bool
) -> None:
    first, second = (Form("h264", *size, Fraction(1)) for size in (one, other))
    assert alike(first, second) is alike(second, first) is same
    assert alike(first, None) is alike(None, second) is False


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 400), st.integers(0, 255)), max_size=6))
def test_no_damage_of_a_stream_gets_a_picture_past_its_mask(damage: list[tuple[int, int, int]]) -> None:
    """All that would leave is decoded again: the hidden half is black in each picture, or the view is over."""
    it = Source()
    for number, place, value in damage:
        one = it.packets[number]
        data = bytearray(one.data)
        data[place % len(data)] = value
        it.packets[number] = Packet(bytes(data), one.is_key, one.pts, one.dts)
    run = Run(it.decoded, Masks([RIGHT]), CellClock())
    left: list[Packet] = []
    run.ring.follow(lambda packet, _: left.append(packet))
    it.decoded.open()
    for number in range(0, 40, 4):
        it.put(number, number + 4)
        try:
            if it.decoded.wait(0) and (picture := it.decoded.newest()) is not None:
                run._paint(picture, number * 50_000_000)
        except Unshowable:
            break
    for one in decoded(left):
        assert np.asarray(one)[:HEIGHT, 176:].max() < 30
