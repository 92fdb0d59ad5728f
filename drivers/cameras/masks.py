"""The parts of a picture that nobody is to see: black in whatever leaves the camera's process.

Outlines  polygons of corners as shares of the picture, from the left and from the top; even-odd, as the eyes fill them.
Shape     bool, (height, width): True is hidden; a pixel more on each side, so that no edge of rounding shows.
Not       what the eyes see: agent/pipelines/scene.py hides the same before a detector looks. That this process judges
          whether the picture is covered or frozen by all of it tells nobody what is there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Outline = Sequence[tuple[float, float]]
Hidden = NDArray[np.bool_]
BLACK, NO_COLOUR = 0, 128  # of a JPEG's luma and chroma


class Masks:
    """Of one camera; made anew where the picture has another size. For one thread."""

    def __init__(self, outlines: Sequence[Outline]) -> None:
        self._outlines = outlines
        self._made: dict[tuple[int, int], Hidden] = {}

    def __bool__(self) -> bool:
        return bool(self._outlines)

    def of(self, width: int, height: int) -> Hidden:
        """Kept for as many sizes as there are planes of one picture."""
        if (width, height) not in self._made:
            if len(self._made) >= 3:
                self._made.clear()
            self._made[width, height] = hidden(self._outlines, width, height)
        return self._made[width, height]

    def burn(self, luma: NDArray[np.uint8], *chroma: NDArray[np.uint8]) -> None:
        """Into the planes, each (height, width) of its own size."""
        for plane, shade in ((luma, BLACK), *((one, NO_COLOUR) for one in chroma)):
            plane[self.of(plane.shape[1], plane.shape[0])] = shade

    def burn_i420(self, picture: NDArray[np.uint8]) -> None:
        """Into one that lies as (height * 3 / 2, width), both sides even."""
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        self.burn(picture[:height], *picture[height:].reshape(2, height // 2, width // 2))


def hidden(outlines: Sequence[Outline], width: int, height: int) -> Hidden:
    """All of them together."""
    found = np.zeros((height, width), np.bool_)
    for outline in outlines:
        found |= _grown(_inside(outline, width, height))
    return found


def _inside(outline: Outline, width: int, height: int) -> Hidden:
    """Each edge turns over what lies to the right of it."""
    found = np.zeros((height, width), np.bool_)
    columns, rows = np.arange(width) + 0.5, np.arange(height) + 0.5
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        crossed = ((y1 * height <= rows) != (y2 * height <= rows)).nonzero()[0]
        if crossed.size:
            along = (rows[crossed] / height - y1) / (y2 - y1)
            found[crossed] ^= columns[None, :] >= ((x1 + along * (x2 - x1)) * width)[:, None]
    return found


def _grown(found: Hidden) -> Hidden:
    """By a pixel on each side."""
    wide = found.copy()
    wide[:, 1:] |= found[:, :-1]
    wide[:, :-1] |= found[:, 1:]
    tall = wide.copy()
    tall[1:] |= wide[:-1]
    tall[:-1] |= wide[1:]
    return tall
