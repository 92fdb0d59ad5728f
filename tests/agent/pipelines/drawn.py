"""A room with people drawn into it that the pose network takes for people, faces and all."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bgr = NDArray[np.uint8]
WIDTH, HEIGHT = 640, 360
SKIN, HAIR, SHIRT, TROUSERS, SHOE = (140, 170, 215), (25, 30, 45), (120, 60, 30), (50, 45, 40), (20, 20, 20)
LIMBS = [  # from, to, width, colour: in heights of the body, from the middle of the top of the head
    ((0.05, 0.5), (0.07, 0.74), 0.075, TROUSERS), ((0.07, 0.74), (0.08, 0.95), 0.06, TROUSERS),
    ((0.08, 0.96), (0.11, 0.97), 0.04, SHOE),
    ((0.12, 0.22), (0.16, 0.37), 0.05, SHIRT), ((0.16, 0.37), (0.15, 0.5), 0.04, SKIN),
]  # fmt: skip
TRUNK = ((-0.115, 0.2), (0.115, 0.2), (0.085, 0.52), (-0.085, 0.52))
SIGN = (560, 40, 630, 70)  # px: what is to be read in a still where nobody stands


def room(*people: tuple[int, int, int]) -> Bgr:
    """BGR, (360, 640); of each of the people the middle, the top and the height, in pixels."""
    picture = np.full((HEIGHT, WIDTH, 3), (200, 205, 205), np.uint8)
    cv2.fillPoly(picture, [np.array([(0, 360), (220, 160), (420, 160), (640, 360)], np.int32)], (120, 130, 140))
    cv2.rectangle(picture, SIGN[:2], SIGN[2:], (40, 90, 20), -1)
    for x, top, high in people:
        _person(picture, x, top, high)
    soft = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32)
    return np.asarray(np.clip(soft + np.random.default_rng(1).normal(0, 3, soft.shape), 0, 255), np.uint8)


def _person(picture: Bgr, x: int, top: int, high: int) -> None:
    def at(across: float, down: float) -> tuple[int, int]:
        return round(x + across * high), round(top + down * high)

    for begin, end, width, colour in LIMBS:
        for side in (-1, 1):
            ends = [at(side * across, down) for across, down in (begin, end)]
            cv2.line(picture, *ends, colour, max(1, round(width * high)), cv2.LINE_AA)
    cv2.fillPoly(picture, [np.array([at(*corner) for corner in TRUNK], np.int32)], SHIRT, cv2.LINE_AA)
    cv2.line(picture, at(0, 0.12), at(0, 0.2), SKIN, max(1, round(0.045 * high)), cv2.LINE_AA)
    cv2.ellipse(picture, at(0, 0.075), (round(0.05 * high), round(0.07 * high)), 0, 0, 360, SKIN, -1, cv2.LINE_AA)
    cv2.ellipse(picture, at(0, 0.05), (round(0.055 * high),) * 2, 0, 180, 360, HAIR, -1, cv2.LINE_AA)
    for side in (-0.02, 0.02):
        cv2.circle(picture, at(side, 0.07), max(1, round(0.008 * high)), (30, 20, 20), -1, cv2.LINE_AA)
    cv2.line(picture, at(-0.015, 0.115), at(0.015, 0.115), (60, 60, 150), 1, cv2.LINE_AA)


def i420(picture: Bgr) -> bytes:
    """As it lies in a slot."""
    return bytes(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
