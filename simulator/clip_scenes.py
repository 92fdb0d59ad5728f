"""Clips as the stream of a school camera: transcoded once, kept in a folder by their SHA-256, played for nothing.

Shape   640 by 360 at 15 a second, H.264, a keyframe each two seconds. What has another shape is fitted between black
        bars: nothing is cut off, nothing is stretched.
Made    a lens that is covered and a camera that is turned, of real footage: a cloth is drawn over the picture; a part
        of the picture is shown, and then another part.
Raises  ClipError X-012, X-013, X-014, X-016.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from simulator import encoded
from simulator.clips import Clip, ClipError
from simulator.encoded import I420, Shape

VERSION = 1  # raised when something else is made of the same clip
LONGEST_S = 600.0  # of a clip: the rest of a longer one is left out
BLACK, NO_COLOUR = 16, 128
PART = 0.8  # of the picture that a camera shows which will be turned
TURN_S, COVER_S = 1.0, 0.7  # how long turning and covering takes
Treatment = Callable[[I420, float, np.random.Generator], I420]  # picture, seconds since the scene's begin


class Scenes:
    """Of one kind of stream. A clip's file is checked when it is transcoded."""

    def __init__(self, cache: Path, shape: Shape | None = None) -> None:
        self.shape = shape or Shape()
        self._cache = cache

    def plain(self, clip: Clip) -> Path:
        """The clip as it is."""
        return self.made(clip, "plain", lambda picture, _at_s, _chance: picture)

    def made(self, clip: Clip, name: str, treatment: Treatment, least_s: float = 0.0) -> Path:
        """The clip with something done to it; the name says what. It is shown again until it has lasted least_s.

        A loop that is shorter than the agent's looks are apart can show them the same picture for ever: a frozen one.
        """
        path = self._cache / f"{clip.sha256}-{self.shape}-{name}-{least_s:g}-{VERSION}"
        if not path.exists():
            clip.check()
            try:
                self._cache.mkdir(parents=True, exist_ok=True)
                encoded.write(path, self._pictures(clip, treatment, least_s), self.shape)
            except OSError as error:
                what = f"{self._cache}, where transcoded clips are kept, cannot be written: {error.strerror}"
                raise ClipError(
                    "X-016", what, do="Make room there, or set XDG_CACHE_HOME to another folder."
                ) from error
        return path

    def seconds(self, scene: Path) -> float:
        """How long a scene lasts."""
        return len(encoded.read(scene)) / self.shape.rate

    def _pictures(self, clip: Clip, treatment: Treatment, least_s: float) -> Iterator[I420]:
        chance, number = np.random.default_rng(1), 0
        try:
            frames = (fitted(frame, self.shape) for frame in _sampled(clip.path, self.shape.rate))
            for picture in _again(frames, round(least_s * self.shape.rate)):
                yield treatment(picture, number / self.shape.rate, chance)
                number += 1
        except (av.FFmpegError, OSError, ValueError) as error:
            do = "Fetch the file again; or take its row out of the manifest."
            raise ClipError("X-014", f"{clip.path} cannot be decoded as a video: {error}", do=do) from error


def _again(pictures: Iterator[I420], least: int) -> Iterator[I420]:
    """All of them, and all again, until they were so many. A clip that is repeated is short enough to be kept."""
    kept, given = [], 0
    for picture in pictures:
        kept += [picture] if least else []
        given += 1
        yield picture
    while given < least:
        yield from kept
        given += len(kept)


def _sampled(path: Path, rate: int) -> Iterator[VideoFrame]:
    """What a camera of that rate sees of a clip, whatever the clip's own rate. Raises ValueError if it sees nothing."""
    taken, newest, end_s = 0, None, 0.0
    with av.open(str(path)) as file:
        if not file.streams.video:
            raise ValueError("there is no video in it")
        for frame in file.decode(video=0):
            at_s = frame.time or 0.0
            while newest is not None and taken / rate < min(at_s, LONGEST_S):
                yield newest
                taken += 1
            end_s, newest = at_s + _lasts_s(frame), frame
    if newest is None:
        raise ValueError("there is no picture in it")
    while taken == 0 or taken / rate < min(end_s, LONGEST_S) - 1e-6:
        yield newest
        taken += 1


def _lasts_s(frame: VideoFrame) -> float:
    return float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.0


def fitted(frame: VideoFrame, shape: Shape) -> I420:
    """The whole frame as large as it can be, in the middle."""
    scale = min(shape.width / frame.width, shape.height / frame.height)
    width, height = (max(4, int(side * scale) & ~3) for side in (frame.width, frame.height))
    small = frame.reformat(width, height, "yuv420p", interpolation="AREA")
    left, top = (shape.width - width) // 4 * 2, (shape.height - height) // 4 * 2
    out = blank(shape)
    for (own, its), step in zip(
        zip(planes(out), planes(np.asarray(small.to_ndarray(), np.uint8)), strict=True), (1, 2, 2), strict=True
    ):
        own[top // step : (top + height) // step, left // step : (left + width) // step] = its
    return out


def blank(shape: Shape) -> I420:
    out = np.full((shape.height * 3 // 2, shape.width), NO_COLOUR, np.uint8)
    out[: shape.height] = BLACK
    return out


def planes(picture: I420) -> tuple[I420, I420, I420]:
    """Luma (height, width), and both of chroma, a quarter each; views, where the picture's rows lie side by side."""
    rows, width = picture.shape
    height = rows * 2 // 3
    blue, red = picture[height:].reshape(2, height // 2, width // 2)
    return picture[:height], blue, red


# --- what somebody does to a camera -------------------------------------------------------------------------------


def part(left: float, top: float) -> Treatment:
    """A camera that shows PART of the view, from there."""
    return lambda picture, _at_s, _chance: _cut(picture, left, top)


def turning(left: float, top: float) -> Treatment:
    """It is turned from the left edge to there, and stays."""

    def turn(picture: I420, at_s: float, _chance: np.random.Generator) -> I420:
        return _cut(picture, left * min(1.0, at_s / TURN_S), top)

    return turn


def covering(before: Treatment) -> Treatment:
    """A cloth is drawn over the lens, and stays."""

    def cover(picture: I420, at_s: float, chance: np.random.Generator) -> I420:
        return _covered(before(picture, at_s, chance), min(1.0, at_s / COVER_S), chance)

    return cover


def _cut(picture: I420, left: float, top: float) -> I420:
    rows, width = picture.shape
    height = rows * 2 // 3
    out = np.empty_like(picture)
    for own, its in zip(planes(out), planes(picture), strict=True):
        tall, wide = own.shape
        down = np.minimum((np.arange(tall) * PART + top * tall).astype(int), tall - 1)
        across = np.minimum((np.arange(wide) * PART + left * wide).astype(int), wide - 1)
        own[:] = its[down][:, across]
    assert out.shape == (height * 3 // 2, width)  # noqa: S101 - as it came
    return out


def _covered(picture: I420, share: float, chance: np.random.Generator) -> I420:
    """The cloth: dark, without edges, with the noise of a sensor that has little light."""
    out = picture.copy()
    luma, blue, red = planes(out)
    edge = round(luma.shape[1] * share) & ~1
    folds = 48 + 10 * np.sin(np.arange(edge) / 57) + chance.normal(0, 2.5, (luma.shape[0], edge))
    luma[:, :edge] = np.clip(folds, 16, 235).astype(np.uint8)
    blue[:, : edge // 2], red[:, : edge // 2] = 134, 122
    return out
