"""Video of a camera with masks: decoded, the masks burnt in, encoded anew; nothing of what came goes out as it came.

Bounds   one thread, one second of work for one of rest; so many pictures a second, each at most so wide; H.264 by
         libx264, its bits bounded. What the decoder calls damaged is left out.
Raises   RuntimeError where FFmpeg has no such encoder: then there is no video.
"""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter

from drivers.cameras.encoder import packet_of, software
from drivers.cameras.masks import Masks
from drivers.cameras.pictures import decoder
from drivers.cameras.ring import Form, Packet

RATE = 5  # pictures a second, of however many came
WIDTH_MOST = 960
GROUP = 2 * RATE
OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "crf": "28", "maxrate": "1000000", "bufsize": "2000000"}
REST_MOST_S = 0.5


class Repainter:
    """take() packets in their order; `form` is there with the first packet that comes back. For one thread."""

    def __init__(self, form: Form, masks: Masks) -> None:
        self.form: Form | None = None
        self._from = form
        self._masks = masks
        self._decoder = decoder(form)
        self._scaler = VideoReformatter()
        self._encoder: VideoCodecContext | None = None
        self._next_pts: int | None = None

    def take(self, packet: Packet) -> list[Packet]:
        """What came of it; often nothing. Then it rests as long as it has worked."""
        began_s = time.thread_time()
        given = av.Packet(packet.data)
        given.pts, given.dts, given.time_base = packet.pts, packet.dts, self._from.time_base
        painted = [one for frame in self._decoded(given) for one in self._painted(frame)]
        time.sleep(min(time.thread_time() - began_s, REST_MOST_S))
        return painted

    def end(self) -> list[Packet]:
        """What the decoder has held back."""
        return [one for frame in self._decoded(None) for one in self._painted(frame)]

    def _decoded(self, packet: av.Packet[Any] | None) -> list[av.VideoFrame]:
        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError:
            return []
        return [frame for frame in frames if not frame.is_corrupt and frame.pts is not None]

    def _painted(self, frame: av.VideoFrame) -> list[Packet]:
        assert frame.pts is not None  # noqa: S101 - _decoded() gives no other
        if self._next_pts is not None and frame.pts < self._next_pts:
            return []
        self._next_pts = frame.pts + round(Fraction(1, RATE) / self._from.time_base * Fraction(9, 10))
        encoder = self._encoder = self._encoder or self._begun(frame)
        width, height = encoder.width, encoder.height
        ready = self._scaler.reformat(frame, width, height, "yuv420p", dst_color_range="MPEG", threads=1)
        planes = np.asarray(ready.to_ndarray(), np.uint8)
        self._masks.burn_i420(planes)
        shown = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        shown.pts, shown.time_base = frame.pts, self._from.time_base
        return [packet_of(one) for one in encoder.encode(shown)]

    def _begun(self, frame: av.VideoFrame) -> VideoCodecContext:
        width = min(frame.width, WIDTH_MOST) // 4 * 4
        height = max(4, frame.height * width // max(1, frame.width) // 4 * 4)
        encoder = _encoder(width, height, self._from.time_base)
        self.form = Form("h264", width, height, self._from.time_base)
        return encoder


def _encoder(width: int, height: int, time_base: Fraction) -> VideoCodecContext:
    context: VideoCodecContext = software(width, height, time_base, RATE)
    context.gop_size, context.max_b_frames, context.options = GROUP, 0, dict(OPTIONS)
    return context
