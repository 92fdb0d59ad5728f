"""What a simulated camera sees: a room with somebody walking, the same picture for ever, a hand before the lens.

Encoded once (PyAV), so that playing costs nothing: a file of encoded pictures, as simulator/rtsp_server.py reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

KEY = 0x80000000
NOISE = 2.0  # grey levels: without it a live picture would be a frozen one
ENCODERS = {"h264": "libx264", "h265": "libx265"}
QUIET: dict[str, dict[str, str]] = {"h264": {}, "h265": {"x265-params": "log-level=none:pools=1:bframes=0"}}


class Sight(StrEnum):
    """What is before the lens, or wrong behind it."""

    CLEAR = "clear"
    EMPTY = "empty"  # nobody walks
    FROZEN = "frozen"
    COVERED = "covered"
    CLOTH = "cloth"  # covered by something that has a pattern


def write_scene(
    folder: Path, sight: Sight, *, codec: str = "h264", width: int = 640, height: int = 360, rate: int = 10,
    seconds: int = 4, gop_s: float = 1.0, bit_rate: int = 1_000_000,
) -> Path:  # fmt: skip
    """The scene as a file in the folder; made once."""
    path = folder / f"{sight}-{codec}-{width}x{height}-{rate}-{gop_s}-{bit_rate}"
    if path.exists():
        return path
    stream = av.CodecContext.create(ENCODERS[codec], "w")
    assert isinstance(stream, VideoCodecContext)  # noqa: S101 - both encoders make video
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.time_base, stream.framerate = Fraction(1, rate), Fraction(rate)
    stream.gop_size, stream.bit_rate, stream.thread_count = round(rate * gop_s), bit_rate, 1
    stream.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1"} | QUIET[codec]
    packets = []
    count = rate * seconds if sight is not Sight.FROZEN else stream.gop_size  # one keyframe, and again the same
    for number, picture in enumerate(_pictures(sight, width, height, count)):
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        packets += stream.encode(frame)
    packets += stream.encode(None)
    with open(path, "wb") as file:
        file.write(f"{codec} {rate}\n".encode())
        for packet in packets:
            data = bytes(packet)
            file.write((len(data) | (KEY if packet.is_keyframe else 0)).to_bytes(4, "big") + data)
    return path


def write_video(
    path: Path, sights: list[tuple[Sight, int]], *, codec: str = "h264", width: int = 640, height: int = 360,
    rate: int = 10,
) -> None:  # fmt: skip
    """A video file of several sights, so many seconds each."""
    with av.open(path, "w") as file:
        stream = file.add_stream(ENCODERS[codec], rate=rate)
        assert isinstance(stream, VideoStream)  # noqa: S101 - both encoders make video
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.gop_size, stream.thread_count = rate, 1
        stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency"} | QUIET[codec]
        for sight, seconds in sights:
            for picture in _pictures(sight, width, height, rate * seconds):
                file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        file.mux(stream.encode(None))


def _pictures(sight: Sight, width: int, height: int, count: int) -> Iterator[NDArray[np.uint8]]:
    """uint8, (height * 3 / 2, width), yuv420p."""
    rng = np.random.default_rng(1)
    grains = rng.normal(0, NOISE, (height, width))
    chroma = np.full((height // 2, width), 128, np.uint8)
    room = _room(width, height)
    covers = {
        Sight.COVERED: np.broadcast_to(np.linspace(60, 110, width), room.shape),
        Sight.CLOTH: _cloth(width, height),
    }
    for number in range(count):
        picture = covers.get(sight, room)
        if sight is not Sight.FROZEN:
            picture = picture + np.roll(grains, rng.integers(width * height))
        if sight is Sight.CLEAR:
            left = (number * width) // count
            picture[height // 3 :, left : left + width // 20] = 40
        yield np.concatenate([np.clip(picture, 16, 235).astype(np.uint8), chroma])


def _cloth(width: int, height: int) -> NDArray[np.float64]:
    """Threads, dark and near: no detail of the room."""
    threads = np.random.default_rng(6).normal(45, 10, (height // 4 + 1, width // 4 + 1))
    return threads.repeat(4, axis=0).repeat(4, axis=1)[:height, :width]


def _room(width: int, height: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(5)
    room = np.linspace(90, 150, width)[None, :] + np.linspace(-20, 20, height)[:, None]
    for _ in range(60):
        row, column = rng.integers(height // 5, height - 10), rng.integers(0, width - 10)
        high, wide = rng.integers(height // 20, height // 3), rng.integers(width // 80, width // 8)
        room[row : row + high, column : column + wide] += rng.integers(-50, 50)
    return room
