"""One picture of a camera as the detectors ask for it, masks black; each shape is made once, when it is asked for.

Input   I420 as it lies in the slot (drivers/frame_slot.py): uint8, luma (height, width), then two planes of a quarter.
Gives   grey (180, 320); small (180, 320, 3), bgr (height, width, 3), both BGR; uint8; shown, of the same shape as bgr,
        with the camera's clock in it.
"""

from __future__ import annotations

import math
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.motion import UNKNOWN
from agent.pipelines.sighting import Box
from agent.pipelines.watch import Point
from drivers.frame_slot import Picture

Grey = NDArray[np.uint8]
Bgr = NDArray[np.uint8]
Poses = NDArray[np.float32]
GREY = (180, 320)  # rows, columns
BLACK, NO_COLOUR = 16, 128
LEVELS = np.arange(256)
LUMA = np.clip((LEVELS - BLACK) * 255 / 219, 0, 255).round().astype(np.uint8)  # of a video's range, 16 to 235
CHROMA = np.clip((LEVELS - NO_COLOUR) * 255 / 224 + NO_COLOUR, 0, 255).round().astype(np.uint8)


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
    """Of one camera and moment. `clock`: a box that the detectors do not see, and people do."""

    def __init__(self, picture: Picture, masks: Masks, clock: Box | None = None) -> None:
        self.at_s = picture.monotonic_ns / 1e9
        self.monotonic_ns = picture.monotonic_ns
        self.at_ns = picture.at_ns
        self.awake = picture.moving  # the camera gives every picture
        self.size = (picture.width, picture.height)
        self.motion = UNKNOWN  # against the picture before; the eye sets it
        self.poses: Poses | None = None  # of the people in it, once the network has looked (networks.py)
        self.hurry = 0.0  # 1: there is so little time that networks look half as often; the eye sets it
        self._planes = masks.burn(picture)
        self._seen = self._planes if clock is None else hidden(self._planes, self.size, clock)
        self._taken = False

    def take_network(self) -> bool:
        """Whether a network may look at this picture: one does, the others at the next, so that no look is long."""
        first, self._taken = not self._taken, True
        return first

    @cached_property
    def grey(self) -> Grey:
        luma = self._seen[: self.size[1]]
        return np.asarray(cv2.resize(luma, GREY[::-1], interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def small(self) -> Bgr:
        """Made of the small planes: the whole picture in colour costs several times as much."""
        width, height = self.size
        colours = self._seen[height:].reshape(2, height // 2, width // 2)
        blue, red = (cv2.resize(one, GREY[::-1], interpolation=cv2.INTER_AREA) for one in colours)
        video = cv2.merge([cv2.LUT(self.grey, LUMA), cv2.LUT(red, CHROMA), cv2.LUT(blue, CHROMA)])
        return np.asarray(cv2.cvtColor(video, cv2.COLOR_YCrCb2BGR), np.uint8)

    @cached_property
    def bgr(self) -> Bgr:
        return np.asarray(cv2.cvtColor(self._seen, cv2.COLOR_YUV2BGR_I420), np.uint8)

    @property
    def with_clock(self) -> Grey:
        """The grey picture as it came, for who looks for the clock."""
        if self._seen is self._planes:
            return self.grey
        return np.asarray(cv2.resize(self._planes[: self.size[1]], GREY[::-1], interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def shown(self) -> Bgr:
        """For people: what time the camera says it is belongs into a still."""
        if self._seen is self._planes:
            return self.bgr
        return np.asarray(cv2.cvtColor(self._planes, cv2.COLOR_YUV2BGR_I420), np.uint8)


def hidden(planes: NDArray[np.uint8], size: tuple[int, int], box: Box) -> NDArray[np.uint8]:
    """A copy, the box black."""
    width, height = size
    left, top = int(box[0] * width) & ~1, int(box[1] * height) & ~1
    right, bottom = math.ceil(box[2] * width), math.ceil(box[3] * height)
    planes = planes.copy()
    planes[top:bottom, left:right] = BLACK
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    chroma[:, top // 2 : math.ceil(bottom / 2), left // 2 : math.ceil(right / 2)] = NO_COLOUR
    return planes
