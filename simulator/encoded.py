"""A file of encoded pictures, made once and played often: by simulator/rtsp_server.py, or by whoever reads it.

File    `codec rate LF`, then for each picture four bytes of length, highest bit set if it is a keyframe, and its bytes:
        Annex B, with the parameter sets before each keyframe. A file appears whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

KEY = 0x80000000
ENCODERS = {"h264": "libx264", "h265": "libx265"}
QUIET: dict[str, dict[str, str]] = {"h264": {}, "h265": {"x265-params": "log-level=none:pools=1:bframes=0"}}
I420 = NDArray[np.uint8]  # (height * 3 / 2, width)


class Shape(NamedTuple):
    """Of a camera's stream."""

    codec: str = "h264"
    width: int = 640
    height: int = 360
    rate: int = 15
    gop_s: float = 2.0
    bit_rate: int = 1_000_000

    def __str__(self) -> str:
        return f"{self.codec}-{self.width}x{self.height}-{self.rate}-{self.gop_s}-{self.bit_rate}"


class Picture(NamedTuple):
    """One, encoded."""

    key: bool
    data: bytes


def write(path: Path, pictures: Iterable[I420], shape: Shape) -> None:
    """Encode them into the file; one that is there is replaced."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            file.write(f"{shape.codec} {shape.rate}\n".encode())
            for picture in _encoded(pictures, shape):
                file.write((len(picture.data) | (KEY if picture.key else 0)).to_bytes(4, "big") + picture.data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> list[Picture]:
    """All pictures of a file."""
    _, _, rest = path.read_bytes().partition(b"\n")
    found, at = [], 0
    while at < len(rest):
        length = int.from_bytes(rest[at : at + 4], "big")
        size = length & ~KEY
        found.append(Picture(bool(length & KEY), rest[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def _encoded(pictures: Iterable[I420], shape: Shape) -> Iterator[Picture]:
    stream = av.CodecContext.create(ENCODERS[shape.codec], "w")
    assert isinstance(stream, VideoCodecContext)  # noqa: S101 - both encoders make video
    stream.width, stream.height, stream.pix_fmt = shape.width, shape.height, "yuv420p"
    stream.time_base, stream.framerate = Fraction(1, shape.rate), Fraction(shape.rate)
    stream.gop_size, stream.bit_rate, stream.thread_count = round(shape.rate * shape.gop_s), shape.bit_rate, 1
    stream.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"} | QUIET[shape.codec]
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        yield from (Picture(packet.is_keyframe, bytes(packet)) for packet in stream.encode(frame))
    yield from (Picture(packet.is_keyframe, bytes(packet)) for packet in stream.encode(None))
