"""A camera's picture for a person at a terminal: masks black, nobody to be recognised unless it was asked for.

Shape   uint8, (height, width, 3), BGR, or as it is said; from a slot's I420 or from a JPEG, into a PNG or a JPEG.
Raises  ValueError for what is no picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.blur import rough, rough_block
from agent.pipelines.scene import Masks, Scene, inside
from agent.pipelines.watch import Watch
from drivers.frame_slot import Picture

Bgr = NDArray[np.uint8]
FORMS = (".png", ".jpg", ".jpeg")
JPEG_QUALITY = 90


def of_slot(picture: Picture, watch: Watch) -> Bgr:
    """As it lies in the memory that cameras and eyes share."""
    return Scene(picture, Masks([list(one) for one in watch.masks])).bgr


def of_jpeg(data: bytes, watch: Watch) -> Bgr:
    """As a camera's process gives it."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if found is None:
        raise ValueError("this is no JPEG")
    height, width = found.shape[:2]
    if watch.masks:
        found[inside([list(one) for one in watch.masks], width, height)] = 0
    return np.asarray(found, np.uint8)


def for_eyes(picture: Bgr, *, plain: bool) -> Bgr:
    """What may be looked at."""
    return picture if plain else rough(picture)


def blocks(picture: Bgr) -> Bgr:
    """A blurred picture with one pixel for each of its blocks: what a terminal can show of it, and no more; RGB."""
    size = rough_block(picture)
    return np.ascontiguousarray(for_eyes(picture, plain=False)[::size, ::size, ::-1])


def encoded(picture: Bgr, form: str) -> bytes:
    """`form`: one of FORMS."""
    words = [cv2.IMWRITE_PNG_COMPRESSION, 9] if form == ".png" else [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return bytes(cv2.imencode(form, picture, words)[1].tobytes())
