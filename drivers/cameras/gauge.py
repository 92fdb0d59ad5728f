"""What a stream is like now, for people: its size, how many pictures a second come, what time the camera says it is.

For the reading thread alone; it writes into the counters' Video (drivers/driver.py), which anybody may read.
"""

from __future__ import annotations

from typing import Any

import av

from drivers.cameras.camera_clock import CameraClock, told_ns
from drivers.driver import Clock, Video

RATE_S = 2.0  # pictures are counted for so long


class Gauge:
    """Of the main stream of one connection; that of a sub-stream tells only when a picture was last seen."""

    def __init__(self, video: Video, clock: Clock, *, main: bool) -> None:
        self._video = video
        self._clock = clock
        self._main = main
        self._camera = CameraClock()
        self._packets = 0
        self._since_ns = clock.monotonic_ns()

    def packet(self, packet: av.Packet[Any]) -> None:
        """Each one that has come."""
        if not self._main:
            return
        self._packets += 1
        if not packet.is_keyframe:
            return
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._since_ns >= RATE_S * 1e9:
            self._video.rate = round(self._packets * 1e9 / (now_ns - self._since_ns), 1)
            self._packets, self._since_ns = 0, now_ns
        if packet.has_sidedata("prft"):
            utc_ns = told_ns(bytes(packet.get_sidedata("prft")))
            self._video.clock_ns = None if utc_ns is None else self._camera.take(utc_ns, now_ns)

    def picture(self, frame: av.VideoFrame) -> None:
        """A whole one was decoded."""
        self._video.seen_ns = self._clock.monotonic_ns()
        if self._main:
            self._video.width_px, self._video.height_px = frame.width, frame.height
