"""The still that goes with a sighting, as a JPEG that a reading can carry.

Shape   uint8, (height, width, 3), BGR
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.readings import SNAPSHOT_BYTES

QUALITIES = (85, 70, 50, 30)
MOST_BYTES = SNAPSHOT_BYTES // 2  # a reading carries two: plain and blurred


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """As good as there is room for; empty where there is none for the worst."""
    for quality in QUALITIES:
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= MOST_BYTES:
            return bytes(data)
    return b""
