"""The pictures of one stream for whoever looks at them in another process: keyframes, about five a second while
something moves, ten while whoever looks wishes.

Idle     each keyframe that was decoded anyway.
Awake    a decoder of its own takes every packet; when it wakes, it first catches up from the last keyframe.
Size     at most 640 by 480, I420, as it lies in the slot (drivers/frame_slot.py).
For      the reading thread alone. Until a slot is lent, nothing is decoded for it.
"""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter

from drivers.cameras.attention import APART_S, WISHED_S, Attention, Beat, Settings
from drivers.cameras.watch import Grey
from drivers.driver import Clock
from drivers.frame_slot import HEIGHT_MOST, WIDTH_MOST, FrameSlot

GROUP_MOST = 600  # packets since a keyframe that are kept to catch up with: 40 s at 15 a second


class Feed:
    """Of one stream."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._attention = Attention(settings)
        self._clock = clock
        self._slot: FrameSlot | None = None
        self._group: list[av.Packet[Any]] = []
        self._context: VideoCodecContext | None = None  # while awake
        self._scaler = VideoReformatter()
        self._beat = Beat()
        self._apart_s = APART_S

    def lend(self, slot: FrameSlot) -> None:
        """From now on pictures go there; it is closed by whoever lent it."""
        self._slot = slot

    def begin(self) -> None:
        """A new connection: nothing of the old one can be caught up with."""
        self._group.clear()
        self._context = None

    def packet(self, packet: av.Packet[Any], stream: VideoCodecContext) -> None:
        """Each packet of the stream, in order."""
        if self._slot is None:
            return
        now_ns = self._clock.monotonic_ns()
        if packet.is_keyframe:
            self._group = [packet]
        elif self._group and len(self._group) < GROUP_MOST:
            self._group.append(packet)
        if not packet.is_keyframe:
            self._attention.on_packet(packet.size, now_ns / 1e9)
        wished = self._slot.wished(now_ns)
        self._apart_s = WISHED_S if wished else APART_S
        if wished:
            self._attention.ask(now_ns / 1e9)
        if not self._attention.is_awake(now_ns / 1e9):
            self._context = None
        elif self._context is None:
            self._wake(stream)
        else:
            self._decode(self._context, packet)

    def keyframe(self, frame: av.VideoFrame, grey: Grey) -> None:
        """A keyframe's picture, decoded by another, and the small grey one of it."""
        if self._slot is None:
            return
        self._attention.on_grey(grey, self._clock.monotonic_ns() / 1e9)
        if self._context is None:
            self._give(frame, moving=False)

    # --- inside -------------------------------------------------------------------------------------------------

    def _wake(self, stream: VideoCodecContext) -> None:
        context = av.CodecContext.create(stream.name, "r")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - it is a video's
        context.extradata = stream.extradata
        context.thread_count = 1
        self._context = context
        for packet in self._group:
            self._decode(context, packet, give=packet is self._group[-1])

    def _decode(self, context: VideoCodecContext, packet: av.Packet[Any], *, give: bool = True) -> None:
        try:
            frames = context.decode(packet)
        except av.FFmpegError:
            return  # it costs its picture
        whole = [frame for frame in frames if not frame.is_corrupt]
        if whole and give:
            self._give(whole[-1], moving=True)

    def _give(self, frame: av.VideoFrame, *, moving: bool) -> None:
        now_ns = self._clock.monotonic_ns()
        width, height = fitting(frame.width, frame.height)
        if self._slot is None or not width or not height or not self._beat.passes(now_ns, self._apart_s):
            return
        small = frame
        if (frame.width, frame.height, frame.format.name) != (width, height, "yuv420p"):
            small = self._scaler.reformat(frame, width, height, "yuv420p", interpolation="AREA", threads=1)
        pixels = np.ascontiguousarray(small.to_ndarray()).tobytes()
        self._slot.put(pixels, width, height, at_ns=self._clock.utc_ns(), monotonic_ns=now_ns, moving=moving)


def fitting(width: int, height: int) -> tuple[int, int]:
    """The largest even size of this shape that a slot holds; a smaller picture stays as it is."""
    share = min(1.0, WIDTH_MOST / max(width, 1), HEIGHT_MOST / max(height, 1))
    return int(width * share) & ~1, int(height * share) & ~1
