"""One picture of a camera as the detectors ask for it, masks black; each shape is made once, when it is asked for.

Input   I420 as it lies in the slot (drivers/frame_slot.py): uint8, luma (height, width), then two planes of a quarter.
Gives   grey (180, 320); bgr (height, width, 3), uint8.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.motion import UNKNOWN
from agent.pipelines.watch import Point
from drivers.frame_slot import Picture

Grey = NDArray[np.uint8]
Bgr = NDArray[np.uint8]
Poses = NDArray[np.float32]
GREY = (180, 320)  # rows, columns
BLACK, NO_COLOUR = 16, 128


class Masks:
    """The parts that nobody sees, as pixels of one size; made anew when a camera changes its size."""

    def __init__(self, outlines: list[list[Point]]) -> None:
        self._outlines = outlines
        self._size = (0, 0)
        self._luma = self._chroma = np.zeros((0, 0), bool)

    def burn(self, picture: Picture) -> NDArray[np.uint8]:
        """The picture's planes, (height * 3 / 2, width); a copy only where there are masks."""
        planes = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height * 3 // 2, picture.width)
        if not self._outlines:
            return planes
        if self._size != (picture.width, picture.height):
            self._size = (picture.width, picture.height)
            self._luma = inside(self._outlines, picture.width, picture.height)
            self._chroma = inside(self._outlines, picture.width // 2, picture.height // 2)
        planes = planes.copy()
        planes[: picture.height][self._luma] = BLACK
        planes[picture.height :].reshape(2, picture.height // 2, picture.width // 2)[:, self._chroma] = NO_COLOUR
        return planes


def inside(outlines: list[list[Point]], width: int, height: int) -> NDArray[np.bool_]:
    """(height, width): which pixels lie within one of the polygons, or on its edge."""
    found = np.zeros((height, width), np.uint8)
    for outline in outlines:
        corners = np.array([[round(x * width), round(y * height)] for x, y in outline], np.int32)
        cv2.fillPoly(found, [corners], (1,))
    return found.astype(bool)


class Scene:
    """Of one camera and moment."""

    def __init__(self, picture: Picture, masks: Masks) -> None:
        self.at_s = picture.monotonic_ns / 1e9
        self.monotonic_ns = picture.monotonic_ns
        self.at_ns = picture.at_ns
        self.awake = picture.moving  # the camera gives every picture
        self.size = (picture.width, picture.height)
        self.motion = UNKNOWN  # against the picture before; the eye sets it
        self.poses: Poses | None = None  # of the people in it, once the network has looked (networks.py)
        self.hurry = 0.0  # 1: there is so little time that networks look half as often; the eye sets it
        self._planes = masks.burn(picture)
        self._taken = False

    def take_network(self) -> bool:
        """Whether a network may look at this picture: one does, the others at the next, so that no look is long."""
        first, self._taken = not self._taken, True
        return first

    @cached_property
    def grey(self) -> Grey:
        luma = self._planes[: self.size[1]]
        return np.asarray(cv2.resize(luma, GREY[::-1], interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def bgr(self) -> Bgr:
        return np.asarray(cv2.cvtColor(self._planes, cv2.COLOR_YUV2BGR_I420), np.uint8)
