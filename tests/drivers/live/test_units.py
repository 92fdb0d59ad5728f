"""Units out of pictures, and parameter sets out of a record; damage gives fewer, never an error."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest
from av.bitstream import BitStreamFilterContext
from hypothesis import given
from hypothesis import strategies as st

from drivers.cameras.reader import TO_START_CODES
from drivers.cameras.ring import Form
from drivers.live.units import is_record, kind_of, parameter_units, units
from simulator.scenes import Sight, write_video
from tests.drivers.live.far_media import folder

BASE = Fraction(1, 90_000)
SPS, PPS, SLICE = b"\x67\x42\xc0\x1e", b"\x68\xce\x3c\x80", b"\x65" + b"slice" * 3
AVC = b"\x01\x42\xc0\x1e\xff\xe1\x00\x04" + SPS + b"\x01\x00\x04" + PPS
H264 = Form("h264", 640, 360, BASE, b"\0\0\0\1" + SPS + b"\0\0\0\1" + PPS)
H264_OF_A_FILE = Form("h264", 640, 360, BASE, AVC)

PICTURES = [
    ("start codes of three bytes", H264, b"\0\0\1" + SPS + b"\0\0\1" + SLICE, [SPS, SLICE]),
    ("start codes of four bytes", H264, b"\0\0\0\1" + SPS + b"\0\0\0\1" + SLICE, [SPS, SLICE]),
    ("zeros behind a unit", H264, b"\0\0\1" + SLICE + b"\0\0\0", [SLICE]),
    ("of a file: the reader has made it so", H264_OF_A_FILE, b"\0\0\0\1" + SPS + b"\0\0\1" + SLICE, [SPS, SLICE]),
    ("nothing", H264, b"", []),
    ("no start code", H264, b"\x65\x66\x67", []),
    ("empty units", H264, b"\0\0\1\0\0\1\x65\0\0\1", []),
]


@pytest.mark.parametrize(("form", "data", "found"), [row[1:] for row in PICTURES], ids=[row[0] for row in PICTURES])
def test_the_units_of_a_picture(form: Form, data: bytes, found: list[bytes]) -> None:
    assert units(form, data) == found


def test_parameter_sets_after_start_codes_and_in_a_record() -> None:
    assert parameter_units(H264) == parameter_units(H264_OF_A_FILE) == [SPS, PPS]
    assert [kind_of("h264", unit) for unit in parameter_units(H264)] == [7, 8]
    assert (is_record(H264.parameters), is_record(AVC)) == (False, True)


@pytest.mark.parametrize(("codec", "name", "kinds"), [("h264", "h264", [7, 8]), ("h265", "hevc", [32, 33, 34])])
def test_the_record_of_a_real_file(codec: str, name: str, kinds: list[int]) -> None:
    path = folder() / f"{codec}.mp4"
    write_video(path, [(Sight.CLEAR, 1)], codec=codec, width=320, height=180)
    with av.open(io.BytesIO(path.read_bytes())) as file:
        stream = file.streams.video[0]
        form = Form(name, 320, 180, BASE, stream.codec_context.extradata or b"")
        to_start_codes = BitStreamFilterContext(TO_START_CODES[name], stream)
        given = [av.Packet(bytes(one)) for one in file.demux(stream) if one.size]
        packets = [bytes(made) for one in given for made in to_start_codes.filter(one)]
    assert is_record(form.parameters)
    sets = [kind_of(name, unit) for unit in parameter_units(form)]
    assert [kind for kind in sets if kind in kinds] == kinds
    decoder = av.CodecContext.create(name, "r")
    plain = b"".join(b"\0\0\0\1" + unit for unit in parameter_units(form))
    plain += b"".join(b"\0\0\0\1" + unit for one in packets for unit in units(form, one))
    frames = [frame for one in [*decoder.parse(plain), *decoder.parse(None)] for frame in decoder.decode(one)]
    assert len(frames + decoder.decode(None)) == len(packets)


@given(
    codec=st.sampled_from(["h264", "hevc", "mjpeg"]), parameters=st.binary(max_size=60), data=st.binary(max_size=200)
)
def test_anything_at_all_gives_units_or_none(codec: str, parameters: bytes, data: bytes) -> None:
    for record in (parameters, b"\x01" + parameters):
        form = Form(codec, 1, 1, BASE, record)
        assert sum(map(len, units(form, data))) <= len(data)
        assert sum(map(len, parameter_units(form))) <= len(record)
