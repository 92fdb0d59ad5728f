"""When to decode every picture of a stream, and not its keyframes alone: while something moves, or somebody asks.

Costs    a keyframe a second is a tenth of the work of all pictures. What moves shows before it is decoded: packets
         between keyframes grow. Cameras of constant bit rate do not show it so: the next keyframe does, by its grey.
Quiet    is learned: the median size of the packets between keyframes while nothing moved.
Often    of what comes while it is awake, so many a second are let through (Beat).
Pure     sizes, grey pictures and times in, one yes or no out. numpy alone.
"""

from __future__ import annotations

from collections import deque

import msgspec
import numpy as np

from drivers.cameras.watch import Grey

SIZES = 200  # packets whose median is what is quiet: some 13 s at 15 a second
SIZES_LEAST = 20
GROWN = 2.5  # times the median, and by so many bytes more
GROWN_BYTES = 400
GROWN_PACKETS = 2  # one alone may be an encoder's hiccup
GREY_STEP = 14  # levels: more than noise and compression change a pixel of a small picture
MOVED_SHARE = 0.004  # of the pixels: a person far away takes some 200 of 57,600
LIT_SHARE = 0.6  # of the pixels at once: the light was switched, nothing moved
HOLD_S = 8.0  # how long it goes on after the last movement
APART_S = 0.2  # of two pictures while awake: five a second
WISHED_S = 0.1  # ten a second while the reader wishes: how somebody moves shows only then
EARLY_NS = 12_000_000  # so much sooner is in time: a camera has its own rhythm


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What may differ from camera to camera."""

    always: bool = False  # every picture, whatever moves
    hold_s: float = HOLD_S


class Attention:
    """Of one camera. Not thread-safe: the reading thread asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._quiet: deque[int] = deque(maxlen=SIZES)
        self._median = 0.0
        self._grown = 0
        self._until_s = float("-inf")
        self._grey: Grey | None = None

    def on_packet(self, size: int, at_s: float) -> None:
        """A packet between two keyframes has come."""
        if len(self._quiet) >= SIZES_LEAST and size > max(GROWN * self._median, self._median + GROWN_BYTES):
            self._grown += 1
            if self._grown >= GROWN_PACKETS:
                self._move(at_s)
            return
        self._grown = 0
        if at_s >= self._until_s:
            self._quiet.append(size)
            if len(self._quiet) < SIZES_LEAST or len(self._quiet) % 16 == 0 or self._median == 0.0:
                self._median = float(np.median(self._quiet))

    def on_grey(self, grey: Grey, at_s: float) -> None:
        """A picture was decoded: whether it differs from the one before."""
        before, self._grey = self._grey, grey
        if before is None:
            return
        share = moved_share(before, grey)
        if MOVED_SHARE <= share < LIT_SHARE:
            self._move(at_s)

    def ask(self, at_s: float) -> None:
        """Somebody wants every picture."""
        self._move(at_s)

    def is_awake(self, at_s: float) -> bool:
        """Whether every picture is to be decoded now."""
        return self._settings.always or at_s < self._until_s

    def _move(self, at_s: float) -> None:
        self._until_s = at_s + self._settings.hold_s


class Beat:
    """Lets through one picture in so long a time; what comes has a rhythm of its own, and the mean is kept."""

    def __init__(self) -> None:
        self._last_ns = -(1 << 62)  # when the last one was due

    def passes(self, now_ns: int, apart_s: float) -> bool:
        apart_ns = round(apart_s * 1e9)
        due_ns = self._last_ns + apart_ns
        if now_ns < due_ns - EARLY_NS:
            return False
        self._last_ns = max(due_ns, now_ns - apart_ns // 2)
        return True


def moved_share(before: Grey, grey: Grey) -> float:
    """Which share of the pixels changed by more than noise."""
    change = np.abs(grey.astype(np.int16) - before.astype(np.int16))
    return float(np.count_nonzero(change > GREY_STEP)) / change.size
