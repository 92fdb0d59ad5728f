"""A picture in which nobody can be recognised: people are made of few blocks, everything else of small ones.

People   from boxes that a detector has found in this very picture. Each box is widened, and becomes blocks so large
         that a face is one or two of them. The detector misses people: hence all the rest is made of small blocks, too.
Closed   where nobody knows the boxes (no detector, a detector that failed), the whole picture is a few large blocks.
Blocks   are those of a fixed grid, and their sizes steps of a ladder: many stills of one who stands still show no more
         than one does.
Shape    uint8, (height, width, 3), any order of colours; a new picture comes back, of the same shape.
Pure     numpy and OpenCV; no clock, no file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.readings import BLOCKS

Colours = NDArray[np.uint8]
Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the picture

BESIDE, ABOVE, BELOW = 0.20, 0.25, 0.10  # of a box's own width and height: hair, hats, hands, bags, a step since
TALL = 8  # blocks along the longer side of a person: of one who stands a face is one of them
ROUGH = 48  # blocks along the longer side where a person must see the place, and nobody knows where people are
EVERYWHERE = 96  # blocks along the longer side of the picture, where nobody was found
LADDER = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)  # px


def blurred(picture: Colours, people: Sequence[Box] | None) -> Colours:
    """`people`: where they are in this picture; None: nobody knows."""
    height, width = picture.shape[:2]
    longer = max(height, width)
    if people is None or not all(_is_box(box) for box in people):
        return mosaic(picture, math.ceil(longer / BLOCKS))
    made = mosaic(picture, step(longer / EVERYWHERE))
    areas = [widened(box, width, height) for box in people]
    for size, area in sorted((_size(area), area) for area in areas):  # where two overlap, the larger blocks stay
        _put(made, picture, area, size)
    return made


def rough(picture: Colours) -> Colours:
    """For who has to know the place: doors and walls are there, a face is a few blocks unless it fills the picture."""
    return mosaic(picture, rough_block(picture))


def rough_block(picture: Colours) -> int:
    """The side of its blocks, in pixels."""
    return math.ceil(int(max(picture.shape[:2])) / ROUGH)


def mosaic(picture: Colours, size: int) -> Colours:
    """Each block of so many pixels has one colour, its mean; one that the edge cuts takes in what lies beside it."""
    height, width = picture.shape[:2]
    rows, columns = math.ceil(height / size), math.ceil(width / size)
    beyond = rows * size - height, columns * size - width
    whole = cv2.copyMakeBorder(picture, 0, beyond[0], 0, beyond[1], cv2.BORDER_REFLECT)
    means = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    large = cv2.resize(means, (columns * size, rows * size), interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(large[:height, :width], np.uint8)


def widened(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """In pixels, with its margins, within the picture: left, top, right, bottom."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    return (
        max(0, math.floor((left - BESIDE * wide) * width)),
        max(0, math.floor((top - ABOVE * high) * height)),
        min(width, math.ceil((right + BESIDE * wide) * width)),
        min(height, math.ceil((bottom + BELOW * high) * height)),
    )


def step(least: float) -> int:
    """The next size of a block on the ladder."""
    return next((size for size in LADDER if size >= least), LADDER[-1])


def _size(area: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = area
    return step(max(right - left, bottom - top) / TALL)


def _put(made: Colours, picture: Colours, area: tuple[int, int, int, int], size: int) -> None:
    """The area, and what belongs to its blocks, in blocks of the grid."""
    left, top, right, bottom = area
    if right <= left or bottom <= top:
        return
    left, top = left // size * size, top // size * size
    right, bottom = math.ceil(right / size) * size, math.ceil(bottom / size) * size
    made[top:bottom, left:right] = mosaic(picture[top:bottom, left:right], size)


def _is_box(box: Box) -> bool:
    """One that is none is a detector that failed."""
    left, top, right, bottom = box
    return all(map(math.isfinite, box)) and left <= right and top <= bottom
