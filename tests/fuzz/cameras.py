"""What comes from a camera before a decoder sees it: its first answer, its packets, their parameter sets."""

from __future__ import annotations

import struct
from fractions import Fraction

import msgspec

from drivers.cameras import greeting
from drivers.cameras.camera_clock import CameraClock, told_ns
from drivers.cameras.greeting import Door
from drivers.cameras.ring import START_CODE, Form, Packet, Ring, parameter_sets
from drivers.errors import DeviceError
from tests.fuzz.target import Target

DOOR = Door(name="gate", url="rtsp://192.0.2.7/", host="192.0.2.7", port=554)
RING_S, RING_BYTES = 2.0, 600_000
STEP_S = Fraction(1, 10)


def greeted(data: bytes) -> None:
    """A status of three digits, or V-110."""
    try:
        assert 0 <= greeting._status(data, DOOR) <= 999
    except DeviceError as error:
        assert error.code == "V-110"


def stream_parameters(data: bytes) -> None:
    """Each set stands in the packet, after a start code; what is kept of them is small."""
    for codec in ("h264", "hevc", "mjpeg"):
        found = parameter_sets(codec, data)
        assert len(found) <= 2 * len(data)  # a longer start code before each
        for unit in found.split(b"\0" + START_CODE)[1:]:
            assert START_CODE + unit in data
        assert not found or parameter_sets(codec, found) == found


def camera_clock(data: bytes) -> None:
    """Whatever time a camera says it is, the difference is one that a message can carry."""
    clock = CameraClock()
    for at in range(0, len(data), 12):
        utc_ns = told_ns(data[at : at + 12])
        if utc_ns is not None:
            found = msgspec.msgpack.encode(clock.take(utc_ns, at))
            assert abs(msgspec.msgpack.decode(found, type=int)) < 2**62


def ring_of_packets(data: bytes) -> None:
    """Whatever the packets say of themselves: memory is bounded, and a clip begins with a keyframe and goes forward."""
    ring, form, dts = Ring(RING_S, RING_BYTES), Form("h264", 1, 1, STEP_S), 0
    for kind, step, size in zip(data[::3], data[1::3], data[2::3], strict=False):
        dts += step - 16 if kind & 4 else 1
        if kind & 8:
            form = Form("h264", 1, 1, STEP_S, bytes([kind]))
        ring.put(Packet(bytes(size * 500), bool(kind & 1), dts, dts), form)
        assert 0 <= ring.size <= RING_BYTES
        clip = ring.cut(1.0)
        if clip is not None:
            assert clip.packets[0].is_key
            times = [packet.dts for packet in clip.packets]
            assert times == sorted(times)
            assert clip.seconds >= 0


_SPS, _PPS = START_CODE + b"\x67\x42\x00", START_CODE + b"\x68\xce"
TARGETS = {
    "camera, its first answer": Target(
        greeted, [b"RTSP/1.0 200 OK\r\n", b"RTSP/1.0 401 Unauthorized\r\n", b"HTTP/1.1 400\r\n", b"RTSP/1.9 0000"]
    ),
    "camera, its clock": Target(
        camera_clock,
        [struct.pack("=qiqi", 1_795_420_800_000_000, 24, -2_208_988_800_000_000, 24), b"\x7f" * 12, b"\xff" * 12],
    ),
    "camera, parameter sets": Target(
        stream_parameters,
        [
            b"\0" + _SPS + b"\0" + _PPS + b"\0" + START_CODE + b"\x65\x88",
            START_CODE + b"\x40\x01" + START_CODE + b"\x42\x01" + START_CODE + b"\x44\x01" + START_CODE + b"\x26\x01",
            (_SPS + _PPS) * 50,
        ],
    ),
    "camera, packets": Target(
        ring_of_packets, [bytes([1, 1, 9, 0, 1, 2, 0, 1, 2] * 20), bytes([1, 1, 255] * 30), bytes(90)]
    ),
}
