"""The pictures of a camera that gives them raw, for whoever looks in another process: one a second, about five while
something moves, ten while whoever looks wishes. feed.py does the same for streams that come encoded.

Shape   planes() takes what a camera gives, uint8, (height * 3 / 2, at least width): luma, then chroma, as two planes of
        a quarter each (YUV420) or as pairs (NV12); out come luma (height, width), blue and red (height / 2, width / 2).
        A slot gets them as I420, at most 640 by 480: what is larger is cut off at the right and the bottom.
numpy and msgspec alone: the CSI camera's cell runs under Debian's own Python. For the reading thread alone, but lend().
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drivers.cameras.attention import APART_S, WISHED_S, Attention, Beat, Settings
from drivers.cameras.watch import Grey
from drivers.frame_slot import HEIGHT_MOST, WIDTH_MOST, FrameSlot

Plane = NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]
PAIRED = {"NV12"}  # formats whose chroma comes as pairs
IDLE_S = 1.0


def planes(lines: NDArray[np.uint8], width: int, height: int, form: str) -> Planes:
    """Rows may be longer than the picture: what lies beyond is left out."""
    chroma = lines[height : height * 3 // 2]
    if form in PAIRED:
        pairs = chroma[:, :width].reshape(height // 2, width // 2, 2)
        parts = pairs[..., 0], pairs[..., 1]
    else:
        rows = chroma.reshape(2, height // 2, lines.shape[1] // 2)[:, :, : width // 2]  # two rows lie in one line
        parts = rows[0], rows[1]
    blue, red = (np.ascontiguousarray(part) for part in parts)
    return np.ascontiguousarray(lines[:height, :width]), blue, red


class RawFeed:
    """Of one camera."""

    def __init__(self, settings: Settings) -> None:
        self._attention = Attention(settings)
        self._beat = Beat()
        self._slot: FrameSlot | None = None

    def lend(self, slot: FrameSlot) -> None:
        """From now on pictures go there; it is closed by whoever lent it. From any thread."""
        self._slot = slot

    def pause_s(self, monotonic_ns: int) -> float:
        """How long after a picture the next one is wanted."""
        if self._slot is None:
            return IDLE_S
        if self._slot.wished(monotonic_ns):
            return WISHED_S
        return APART_S if self._attention.is_awake(monotonic_ns / 1e9) else IDLE_S

    def take(self, found: Planes, grey: Grey, *, at_ns: int, monotonic_ns: int) -> None:
        """A picture, and the small grey one of it; of more than are wanted some are left out."""
        if self._slot is None or not self._beat.passes(monotonic_ns, self.pause_s(monotonic_ns)):
            return
        at_s = monotonic_ns / 1e9
        self._attention.on_grey(grey, at_s)
        if self._slot.wished(monotonic_ns):
            self._attention.ask(at_s)
        height, width = min(found[0].shape[0], HEIGHT_MOST) & ~1, min(found[0].shape[1], WIDTH_MOST) & ~1
        sizes = (height, width), (height // 2, width // 2), (height // 2, width // 2)
        pixels = b"".join(plane[:rows, :columns].tobytes() for plane, (rows, columns) in zip(found, sizes, strict=True))
        moving = self._attention.is_awake(at_s)
        self._slot.put(pixels, width, height, at_ns=at_ns, monotonic_ns=monotonic_ns, moving=moving)
