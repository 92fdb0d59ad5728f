"""The ring of the last seconds: what it keeps, where it begins anew, and that a clip cut from it plays.

The packets are those of a real encoder, in both codecs; the clip goes through a fragmented MP4 and is decoded again.
"""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import settings as quick
from hypothesis import strategies as st

from drivers.cameras.ring import (
    JUMP_S,
    PACKETS_MOST,
    PARAMETER_BYTES,
    START_CODE,
    Clip,
    Form,
    Packet,
    Ring,
    parameter_sets,
)
from simulator import encoded
from simulator.scenes import Sight, write_scene

BASE = Fraction(1, 1000)
FORM = Form("h264", 640, 360, BASE, b"\0\0\0\1\x67")
SPS, PPS, IDR, P = b"\0\0\0\1\x67\x42\x01", b"\0\0\0\1\x68\xce", b"\0\0\1\x65" + b"i" * 90, b"\0\0\1\x41" + b"p" * 20

H265 = b"\0\0\0\1\x40\1a\0\0\0\1\x42\1b\0\0\0\1\x44\1c"  # VPS, SPS, PPS


def packet(ms: int, *, key: bool = False, size: int = 100) -> Packet:
    return Packet(bytes(size), key, ms, ms)


def filled(seconds: int, *, gop_s: int = 2, keep_s: float = 10, most_bytes: int = 1_000_000, begin_ms: int = 0) -> Ring:
    """Ten pictures a second, of a hundred bytes each."""
    ring = Ring(keep_s, most_bytes)
    for number in range(seconds * 10):
        ring.put(packet(begin_ms + number * 100, key=number % (gop_s * 10) == 0), FORM)
    return ring


def scene(path: Path) -> list[tuple[bool, bytes]]:
    """The packets of a scene file."""
    return [(one.key, one.data) for one in encoded.read(path)]


def muxed(clip: Clip) -> bytes:
    """The clip as a fragmented MP4, nothing encoded anew."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}) as out:
        stream = out.add_mux_stream(clip.form.codec, width=clip.form.width, height=clip.form.height)
        context = av.CodecContext.create(clip.form.codec, "r")
        context.extradata = clip.form.parameters
        stream.time_base = clip.form.time_base
        for one in clip.packets:
            packet = av.Packet(one.data)
            packet.stream, packet.time_base = stream, clip.form.time_base
            packet.pts, packet.dts, packet.is_keyframe = one.pts, one.dts, one.is_key
            out.mux(packet)
    return file.getvalue()


def test_it_keeps_the_seconds_that_were_asked_for_from_a_keyframe_on() -> None:
    clip = filled(60).cut(10)
    assert clip is not None
    assert clip.packets[0].is_key
    assert 10 <= clip.seconds < 12
    assert clip.packets[-1].dts == 59_900


@pytest.mark.parametrize(
    ("seconds", "begins_ms"), [(0, 58_000), (1.9, 58_000), (2, 56_000), (5, 54_000), (500, 48_000)]
)
def test_a_clip_begins_with_the_keyframe_before_what_was_asked_for(seconds: float, begins_ms: int) -> None:
    clip = filled(60).cut(seconds)
    assert clip is not None
    assert clip.packets[0].dts == begins_ms


def test_bytes_bound_it_whatever_the_seconds() -> None:
    ring = filled(60, keep_s=60, most_bytes=5_000)
    assert ring.size <= 5_000
    clip = ring.cut(60)
    assert clip is not None
    assert clip.packets[0].is_key
    assert sum(len(one.data) for one in clip.packets) == ring.size


def test_a_group_larger_than_the_ring_is_not_kept_at_all() -> None:
    """Half a group plays, but who would know where it ends?"""
    ring = Ring(10, 1_000)
    ring.put(packet(0, key=True), FORM)
    for ms in range(100, 2_000, 100):
        ring.put(packet(ms), FORM)
    assert (ring.cut(10), ring.size) == (None, 0)
    ring.put(packet(2_000, key=True), FORM)
    assert ring.cut(10) == Clip(FORM, (packet(2_000, key=True),))


def test_before_the_first_keyframe_there_is_nothing() -> None:
    ring = Ring(10, 1_000)
    ring.put(packet(0), FORM)
    assert (ring.cut(10), ring.size) == (None, 0)


@pytest.mark.parametrize("jump_ms", [round(JUMP_S * 1000) + 100, 3_600_000, -1, -60_000, 0])
def test_where_time_jumps_it_starts_anew_with_the_next_keyframe(jump_ms: int) -> None:
    ring = filled(5)
    ring.put(packet(4_900 + jump_ms), FORM)
    assert ring.cut(10) is None
    ring.put(packet(4_900 + jump_ms + 100, key=True), FORM)
    clip = ring.cut(10)
    assert clip is not None
    assert [one.dts for one in clip.packets] == [5_000 + jump_ms]


def test_another_form_starts_anew() -> None:
    ring, larger = filled(5), Form("h264", 1280, 720, BASE, b"\0\0\0\1\x67\x01")
    ring.put(packet(5_000, key=True), larger)
    assert ring.cut(10) == Clip(larger, (packet(5_000, key=True),))


@given(
    steps=st.lists(
        st.tuples(st.integers(-10_000, 10_000), st.booleans(), st.integers(0, 900), st.booleans()), max_size=60
    ),
    seconds=st.floats(0, 100),
)
def test_whatever_comes_a_clip_begins_with_a_keyframe_goes_forward_and_is_bounded(
    steps: list[tuple[int, bool, int, bool]], seconds: float
) -> None:
    ring, now_ms = Ring(5, 2_000), 0
    other = Form("hevc", 64, 64, BASE)
    for step_ms, key, size, turned in steps:
        now_ms += step_ms
        ring.put(packet(now_ms, key=key, size=size), other if turned else FORM)
        assert ring.size <= 2_000
        clip = ring.cut(seconds)
        if clip is not None:
            times = [one.dts for one in clip.packets]
            assert clip.packets[0].is_key
            assert times == sorted(set(times))


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_clip_cut_from_it_decodes_out_of_a_fragmented_mp4(codec: str, tmp_path: Path) -> None:
    path = write_scene(tmp_path, Sight.CLEAR, codec=codec, width=320, height=180, seconds=3)
    name, ring = {"h264": "h264", "h265": "hevc"}[codec], Ring(1.5, 1_000_000)
    packets = scene(path)
    form = Form(name, 320, 180, Fraction(1, 90_000), parameter_sets(name, packets[0][1]))
    for number, (key, data) in enumerate(packets):
        ring.put(Packet(data, key, number * 9_000, number * 9_000), form)
    clip = ring.cut(1.5)
    assert clip is not None
    assert 10 < len(clip.packets) < len(packets)
    with av.open(io.BytesIO(muxed(clip))) as played:
        frames = list(played.decode(video=0))
    assert [(one.width, one.height, one.is_corrupt) for one in frames] == [(320, 180, False)] * len(clip.packets)
    assert frames[0].key_frame


@pytest.mark.parametrize(
    ("codec", "data", "found"),
    [
        ("h264", SPS + PPS + IDR, SPS + PPS),
        ("h264", b"\0\0\0\1\x09\xf0" + SPS + PPS + IDR, SPS + PPS),  # behind an access unit delimiter
        ("h264", SPS + PPS + SPS + PPS + IDR, SPS + PPS),  # sent twice
        ("h264", SPS[1:] + PPS[1:] + IDR, SPS + PPS),  # short start codes
        ("h264", IDR + SPS, b""),  # not of this picture
        ("h264", P, b""),
        ("h264", b"\0\0\0\x05\x65abcd", b""),  # lengths, as in an MP4: the container has the parameters
        ("hevc", H265 + b"\0\0\1\x26\1i", H265),
        ("mjpeg", b"\xff\xd8" + SPS, b""),
        ("h264", b"", b""),
        ("h264", b"\0\0\1", b""),
    ],
)  # fmt: skip
def test_parameter_sets_are_found(codec: str, data: bytes, found: bytes) -> None:
    assert parameter_sets(codec, data) == found


@quick(max_examples=300)
@given(
    codec=st.sampled_from(["h264", "hevc", "mjpeg", "vp9"]),
    data=st.lists(st.sampled_from([b"\0\0\1", b"\0", b"\x67", b"\x68", b"\x65", b"\x40", b"x"])).map(b"".join),
)
def test_parameter_sets_of_anything_are_part_of_it_or_none(codec: str, data: bytes) -> None:
    assert len(parameter_sets(codec, data)) <= 2 * len(data)


def test_packets_without_bytes_take_no_endless_memory() -> None:
    ring = Ring(60, 1_000_000)
    ring.put(packet(0, key=True, size=1), FORM)
    for ms in range(1, PACKETS_MOST + 10):
        ring.put(packet(ms, size=0), FORM)
    assert (ring.cut(60), ring.size) == (None, 0)
    ring.put(packet(PACKETS_MOST + 10, key=True, size=1), FORM)
    assert ring.size == 1


def test_a_packet_full_of_parameter_sets_is_soon_read() -> None:
    """Each is another one: a hostile camera's picture of a megabyte."""
    sets = b"".join(START_CODE + b"\x67" + (number | 0x01010101).to_bytes(4, "big") for number in range(130_000))
    found = parameter_sets("h264", sets)
    assert PARAMETER_BYTES <= len(found) < PARAMETER_BYTES + 16


# --- who follows ----------------------------------------------------------------------------------------------------


def test_who_follows_gets_the_newest_group_and_then_each_packet() -> None:
    ring, heard = filled(5), []

    def follower(one: Packet, form: Form) -> None:
        assert form == FORM
        heard.append((one.dts, one.is_key))

    ring.follow(follower)
    assert heard == [(ms, ms == 4_000) for ms in range(4_000, 5_000, 100)]
    ring.put(packet(5_000), FORM)
    assert heard[-1] == (5_000, False)
    ring.unfollow(follower)
    ring.put(packet(5_100), FORM)
    assert heard[-1] == (5_000, False)


def test_who_follows_gets_nothing_that_hangs_on_nothing() -> None:
    ring, heard = Ring(10, 1_000_000), []
    ring.follow(lambda one, _: heard.append(one.dts))
    ring.put(packet(0), FORM)
    ring.put(packet(100, key=True), FORM)
    ring.put(packet(20_000), FORM)  # the time has jumped
    ring.put(packet(20_100, key=True), FORM)
    assert heard == [100, 20_100]


def test_a_ring_of_no_seconds_keeps_the_newest_group() -> None:
    clip = filled(5, keep_s=0).cut(60)
    assert clip is not None
    assert (clip.packets[0].dts, clip.packets[-1].dts) == (4_000, 4_900)
