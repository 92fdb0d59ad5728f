"""Where something moves: the gate before everything that costs more.

Shape   two grey pictures, uint8, (180, 320), of one camera; out come 9 by 16 cells, each with its share of changed
        pixels. A switched light changes all of them at once and is no movement.
"""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

STEP = 14  # grey levels: more than noise and compression change a pixel
CELL = 20  # pixels
CELL_MOVES = 0.06  # of its pixels: 24 of 400
LIT = 0.6  # of all pixels: the light was switched
NOTHING = np.zeros((9, 16), bool)


class Motion(msgspec.Struct, frozen=True):
    """The cells in which something moves: bool, (9, 16); never written to."""

    cells: NDArray[np.bool_] = NOTHING
    known: bool = True  # False: there was no picture to compare with, or the light was switched

    def any(self, within: NDArray[np.bool_] | None = None) -> bool:
        """Whether something moves, there."""
        return bool((self.cells if within is None else self.cells & within).any())


UNKNOWN = Motion(known=False)


def between(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> Motion:
    """What has changed from one picture to the next."""
    changed = cv2.threshold(cv2.absdiff(before, now), STEP, 1, cv2.THRESH_BINARY)[1]
    if cv2.countNonZero(changed) >= LIT * changed.size:
        return UNKNOWN
    rows, columns = changed.shape
    cells = cv2.resize(changed.astype(np.float32), (columns // CELL, rows // CELL), interpolation=cv2.INTER_AREA)
    return Motion(np.asarray(cells) >= CELL_MOVES)
