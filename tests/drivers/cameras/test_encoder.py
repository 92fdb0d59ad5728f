"""H.264 in software: a keyframe first and every two seconds, however few pictures come; bits and stamps bounded."""

from __future__ import annotations

from itertools import pairwise

import av
import numpy as np
import pytest

from drivers.cameras import encoder
from drivers.cameras.encoder import KEY_S, MOST_BITS_S, NANO, RATE, Encoder, Picture, can_encode
from drivers.cameras.ring import Packet
from drivers.live import rtp

WIDTH, HEIGHT = 320, 180


def grey(shade: int) -> Picture:
    picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    picture[:HEIGHT] = shade
    return picture


def made(shades: list[int], apart_s: float = 1 / RATE, began_ns: int = 77 * NANO) -> tuple[Encoder, list[Packet]]:
    it = Encoder(WIDTH, HEIGHT)
    pictures = enumerate(map(grey, shades))
    return it, [one for n, picture in pictures for one in it.encode(picture, began_ns + round(n * apart_s * NANO))]


def decoded(packets: list[Packet]) -> list[Picture]:
    decoder = av.CodecContext.create("h264", "r")
    given = [*(av.Packet(one.data) for one in packets), None]
    return [frame.to_ndarray(format="yuv420p") for one in given for frame in decoder.decode(one)]  # type: ignore[attr-defined]


def test_each_picture_comes_out_at_once_and_as_it_went_in() -> None:
    shades = [40, 90, 140, 200]
    it = Encoder(WIDTH, HEIGHT)
    packets = []
    for number, shade in enumerate(shades):
        (one,) = it.encode(grey(shade), number * NANO // RATE)
        packets.append(one)
    shown = decoded(packets)
    assert [one.shape for one in shown] == [(HEIGHT * 3 // 2, WIDTH)] * 4
    for one, shade in zip(shown, shades, strict=True):
        assert abs(one[:HEIGHT].astype(int) - shade).max() <= 3


def test_a_media_server_is_told_all_that_it_must_know() -> None:
    it, packets = made([40])
    assert (packets[0].is_key, rtp.can_send(it.form)) == (True, True)
    assert b"sprop-parameter-sets=Z" in rtp.description(it.form, 1)


@pytest.mark.parametrize("apart_s", [1 / RATE, 0.7, 3.0])
def test_a_keyframe_comes_every_two_seconds_also_where_pictures_are_few(apart_s: float) -> None:
    _, packets = made(list(range(40, 80)), apart_s)
    keys_s = [one.pts / encoder.CLOCK for one in packets if one.is_key]
    assert packets[0].is_key
    assert max(later - one for one, later in pairwise(keys_s)) <= max(KEY_S + apart_s, apart_s) + 0.01


def test_stamps_are_those_of_the_clock_and_never_stand_still() -> None:
    it = Encoder(WIDTH, HEIGHT)
    found = [one for at_ns in (5 * NANO, 5 * NANO, 5 * NANO + NANO // 8) for one in it.encode(grey(9), at_ns)]
    assert [one.pts for one in found] == [one.dts for one in found] == [450_000, 450_001, 461_250]


def test_pure_noise_takes_no_more_than_the_bits_that_it_may() -> None:
    it, noise = Encoder(WIDTH, HEIGHT), np.random.default_rng(1)
    seconds = 6
    size = 0
    for number in range(seconds * RATE):
        picture = noise.integers(0, 256, (HEIGHT * 3 // 2, WIDTH), np.uint8)
        size += sum(len(one.data) for one in it.encode(picture, number * NANO // RATE))
    assert 0.5 * MOST_BITS_S < 8 * size / seconds < 1.3 * MOST_BITS_S  # and a second's buffer


def test_without_the_encoder_it_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_encode()
    monkeypatch.setattr(encoder, "NAME", "libnothing")
    assert not can_encode()
    with pytest.raises(RuntimeError, match=r"no H\.264 encoder"):
        Encoder(WIDTH, HEIGHT)
