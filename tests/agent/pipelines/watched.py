"""Cameras of the tests: slots that the test fills, and pictures made of numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.pipelines.watch import Detects, Watch, WatchedCamera
from drivers.frame_slot import Picture
from tests.drivers.slot_file import slot_in

WIDTH, HEIGHT = 320, 180
S = 1_000_000_000


def planes(luma: int | NDArray[np.uint8] = 120, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """I420 without colour: one shade, or a grey picture."""
    grey = np.full((height, width), luma, np.uint8) if isinstance(luma, int) else luma
    return grey.tobytes() + bytes([128]) * (width * height // 2)


def walker(at: int, *, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A flat room with somebody dark at a place."""
    room = np.full((height, width), 120, np.uint8)
    room[height // 4 : height * 3 // 4, at : at + 40] = 30
    return room


def picture(luma: int | NDArray[np.uint8] = 120, *, at_s: float = 1.0, number: int = 1, moving: bool = True) -> Picture:
    at_ns = round(at_s * S)
    return Picture(number, WIDTH, HEIGHT, at_ns, at_ns, moving, planes(luma))


class Filled:
    """A camera whose pictures the test puts."""

    def __init__(self, folder: Path, name: str, watch: Watch | None = None) -> None:
        self.slot = slot_in(folder / name)
        self.camera = WatchedCamera(name=name, slot=str(folder / name), watch=watch or Watch(sees=[Detects.TAMPER]))

    def put(self, luma: int | NDArray[np.uint8] = 120, *, at_s: float, moving: bool = True) -> None:
        at_ns = round(at_s * S)
        self.slot.put(planes(luma), WIDTH, HEIGHT, at_ns=at_ns, monotonic_ns=at_ns, moving=moving)
