"""The still that goes with a sighting, as JPEGs that a reading can carry: as it is, and with nobody to be recognised.

People   are where the pose network finds them in this very picture, and where something moves beside them.
Nobody   found while something moves, or nobody knows whether it does: the whole picture is a few large blocks, since
         whoever moves is most likely somebody. What moves within a fire's own box is the fire.
Shape    uint8, (height, width, 3), BGR
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.motion import NOTHING, Motion
from agent.pipelines.scene import inside
from agent.pipelines.sighting import Box, Kind, Sighting
from drivers.readings import SNAPSHOT_BYTES

QUALITIES = (85, 70, 50, 30)
MOST_BYTES = SNAPSHOT_BYTES // 2  # a reading carries two: plain and blurred
BURNS = {Kind.FIRE, Kind.SMOKE, Kind.FLAME}

Cells = NDArray[np.bool_]


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """As good as there is room for; empty where there is none for the worst."""
    for quality in QUALITIES:
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= MOST_BYTES:
            return bytes(data)
    return b""


def bodies(found: Sequence[Box] | None, motion: Motion, sighting: Sighting) -> list[Box] | None:
    """What is hidden (agent/pipelines/blur.py); None: all of it. `found`: people; None: nobody looked for them."""
    if found is None or not (found or motion.known):
        return None
    moves = motion.cells.copy()
    if sighting.kind in BURNS and sighting.box is not None:
        moves &= ~_cells(sighting.box)
    if not found:
        return None if moves.any() else []
    for box in found:
        moves &= ~_cells(box)
    return [*found, *_boxes(moves)]


def _cells(box: Box) -> Cells:
    """Those that a box touches."""
    rows, columns = NOTHING.shape
    left, top, right, bottom = box
    return inside([[(left, top), (right, top), (right, bottom), (left, bottom)]], columns, rows)


def _boxes(cells: Cells) -> list[Box]:
    """Around each heap of cells that touch."""
    rows, columns = cells.shape
    count, _, boxes, _ = cv2.connectedComponentsWithStats(cells.astype(np.uint8), connectivity=8)
    return [
        (left / columns, top / rows, (left + wide) / columns, (top + high) / rows)
        for left, top, wide, high, _ in boxes[1:count].tolist()
    ]
