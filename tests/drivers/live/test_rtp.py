"""RTP as the standards have it: heads, pieces of large units, times that go on, what is told of a stream."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cameras.ring import Form, Packet
from drivers.live.rtp import PAUSE, PAYLOAD_BYTES, Sender, Stamps, can_send, description, pieces
from tests.drivers.live.far_media import encoded, form, packet

CODECS = ["h264", "h265"]


def head(data: bytes) -> tuple[int, int, int, int, int]:
    """First byte, marker and kind, number, time, source (RFC 3550, section 5.1)."""
    found: tuple[int, int, int, int, int] = struct.unpack(">BBHII", data[:12])
    return found


def whole(codec: str, payloads: list[bytes]) -> list[bytes]:
    """Units put together again, as RFC 6184, section 5.8, and RFC 7798, section 4.4.3, say."""
    found: list[bytes] = []
    for payload in payloads:
        if codec == "h264" and payload[0] & 0x1F == 28:
            flags, start = payload[1], bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
            body = payload[2:]
        elif codec == "hevc" and payload[0] >> 1 & 0x3F == 49:
            flags, start = payload[2], bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]])
            body = payload[3:]
        else:
            found.append(payload)
            continue
        if flags & 0x80:
            found.append(start)
        found[-1] += body
    return found


@given(codec=st.sampled_from(["h264", "hevc"]), size=st.integers(1, 5_000), first=st.integers(0, 255))
def test_pieces_fit_and_make_the_unit_again(codec: str, size: int, first: int) -> None:
    kind = first & 0x7F if codec == "hevc" else first
    if (kind & 0x1F == 28) if codec == "h264" else (kind >> 1 & 0x3F == 49):
        kind ^= 0x04  # a unit of the stream is never a piece
    unit = bytes([kind, 1]) + bytes(number % 251 for number in range(size))
    made = list(pieces(codec, unit))
    assert all(len(one) <= PAYLOAD_BYTES for one in made)
    assert whole(codec, made) == [unit]
    if len(made) > 1:
        flags = [one[1 if codec == "h264" else 2] & 0xC0 for one in made]
        assert (flags[0], flags[-1], set(flags[1:-1]) <= {0}) == (0x80, 0x40, True)


@pytest.mark.parametrize("codec", CODECS)
def test_a_picture_s_packets_have_one_time_and_the_last_has_the_mark(codec: str) -> None:
    sender = Sender(0x11223344, 65_534, 1_000)
    made = list(sender.picture(packet(0, codec), form(codec)))
    heads = [head(one) for one in made]
    assert {one[0] for one in heads} == {0x80}
    assert [one[1] for one in heads] == [96] * (len(heads) - 1) + [0xE0]
    assert [one[2] for one in heads][:4] == [65_534, 65_535, 0, 1]
    assert {one[3:] for one in heads} == {(1_000, 0x11223344)}
    assert (sender.packets, sender.payload_bytes) == (len(made), sum(len(one) - 12 for one in made))


def test_a_keyframe_without_parameter_sets_gets_them() -> None:
    given_, data = form(), encoded()[0][1]
    bare = Packet(data[len(given_.parameters) :], is_key=True, pts=0, dts=0)
    kinds = [[one[12] & 0x1F for one in Sender(1, 1, 1).picture(key, given_)] for key in (packet(0), bare)]
    assert kinds[0][:2] == kinds[1][:2] == [7, 8]


JUMPS = [
    ("it goes on", [0, 3_600, 7_200], [5, 3_605, 7_205]),
    ("back to its beginning", [90_000, 93_600, 0, 3_600], [90_005, 93_605, 93_605 + PAUSE, 93_605 + PAUSE + 3_600]),
    ("far ahead", [0, 3_600, 9_000_000], [5, 3_605, 3_605 + PAUSE]),
    ("over the end of the number", [2**32 - 3_605, 2**32 - 5], [2**32 - 3_600, 0]),
]


@pytest.mark.parametrize(("dts", "stamps"), [row[1:] for row in JUMPS], ids=[row[0] for row in JUMPS])
def test_times_go_on_whatever_the_camera_s_do(dts: list[int], stamps: list[int]) -> None:
    times = Stamps(5)
    told = Form("h264", 1, 1, Fraction(1, 90_000))
    assert [times.of(Packet(b"", is_key=True, pts=one, dts=one), told) for one in dts] == stamps


def test_a_picture_that_is_shown_later_than_it_is_decoded_keeps_its_time() -> None:
    times, told = Stamps(0), Form("h264", 1, 1, Fraction(1, 25))
    shown = [(0, 2), (1, 5), (2, 3)]  # dts, pts, in 25ths of a second
    assert [times.of(Packet(b"", is_key=False, pts=pts, dts=dts), told) for dts, pts in shown] == [
        7_200,
        18_000,
        10_800,
    ]


def test_a_report_tells_the_time_and_no_name() -> None:
    sender = Sender(7, 1, 0)
    list(sender.picture(packet(25), form()))
    report = sender.report(1_500_000_000, b"camera")
    version, kind, length, source, seconds, fraction, stamp, packets, size = struct.unpack(">BBHIIIIII", report[:28])
    assert (version, kind, length, source) == (0x80, 200, 6, 7)
    assert (seconds, fraction) == (2_208_988_801, 1 << 31)
    assert (stamp, packets, size) == (90_000, sender.packets, sender.payload_bytes)
    names = report[28:]
    assert struct.unpack(">BBHI", names[:8]) == (0x81, 202, len(names) // 4 - 1, 7)
    assert names[8:] == b"\x01\x06camera\0\0\0\0"
    assert len(report) % 4 == 0


def test_a_description_names_codec_and_parameter_sets_and_nobody() -> None:
    told = description(form(), 99).decode()
    assert "a=rtpmap:96 H264/90000\r\n" in told
    assert "a=fmtp:96 packetization-mode=1;profile-level-id=" in told
    assert ";sprop-parameter-sets=Z" in told
    assert told.startswith("v=0\r\no=- 99 1 IN IP4 0.0.0.0\r\ns=-\r\n")
    told = description(form("h265"), 99).decode()
    assert "a=rtpmap:96 H265/90000\r\n" in told
    for name in ("sprop-vps=", "sprop-sps=", "sprop-pps="):
        assert name in told
    assert "a=fmtp:96 packetization-mode=1\r\n" in description(Form("h264", 1, 1, Fraction(1)), 1).decode()


def test_only_what_has_a_payload_is_sent() -> None:
    assert [can_send(Form(codec, 1, 1, Fraction(1))) for codec in ("h264", "hevc", "mjpeg", "rawvideo")] == [
        True, True, False, False,
    ]  # fmt: skip
