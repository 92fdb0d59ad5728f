"""What a simulated camera sees: a room with somebody walking, the same picture for ever, a hand before the lens.

Encoded once (PyAV), so that playing costs nothing: a file of encoded pictures, simulator/encoded.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from simulator.encoded import ENCODERS, QUIET, Shape, write

NOISE = 2.0  # grey levels: without it a live picture would be a frozen one


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
    shape = Shape(codec, width, height, rate, gop_s, bit_rate)
    # frozen: one keyframe, and again the same
    count = rate * seconds if sight is not Sight.FROZEN else round(rate * gop_s)
    write(path, _pictures(sight, width, height, count), shape)
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
