"""The newest picture of a camera that gives them raw, for drivers/cameras/anew.py: the next one takes its place.

Nothing is copied, and the camera need not hurry, while nobody looks. numpy alone, as in raw_feed.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from drivers.cameras.raw_feed import IDLE_S, Planes

APART_S = 0.125  # encoder.RATE a second: that module brings PyAV, which need not be there


class Newest:
    """put() in the camera's thread, the rest in that of who shows them; `wake` is called when somebody begins to."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._come = threading.Condition()
        self._picture: NDArray[np.uint8] | None = None
        self.wanted = False

    @property
    def pause_s(self) -> float:
        """How long after a picture the next one is wanted."""
        return APART_S if self.wanted else IDLE_S

    def open(self) -> None:
        self.wanted = True
        self._wake()

    def close(self) -> None:
        self.wanted = False
        self._picture = None

    def put(self, found: Planes) -> None:
        """A copy: what is painted into it is in no other picture."""
        if not self.wanted:
            return
        width = found[0].shape[1]
        picture = np.concatenate([plane.reshape(-1) for plane in found]).reshape(-1, width)
        with self._come:
            self._picture = picture
            self._come.notify()

    def wait(self, seconds: float) -> bool:
        with self._come:
            return self._come.wait_for(lambda: self._picture is not None, seconds)

    def newest(self) -> NDArray[np.uint8] | None:
        with self._come:
            picture, self._picture = self._picture, None
            return picture
