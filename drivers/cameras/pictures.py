"""Pictures out of packets, and what is made of them: a small grey one to look at, a JPEG to show.

Only whole pictures come out: one that the decoder says is damaged (green, smeared, half) is none.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter

from drivers.cameras.masks import Masks
from drivers.cameras.ring import Clip, Form
from drivers.cameras.watch import COLUMNS, ROWS, Grey
from drivers.readings import BLOCKS, SNAPSHOT_BYTES

JPEG_QUALITY = (4, 10, 20, 31)  # of the encoder's 2 (best) to 31; the next one if the picture is too large
BLOCK_PX = 40  # of a coarse picture: 640 along the longer side
JPEG_WIDTH = 1920  # a wider picture is made smaller: faces and hands are to be seen, not pores


class Decoder:
    """Decodes chosen packets, each by itself: only keyframes can be given to it."""

    def __init__(self, context: VideoCodecContext) -> None:
        context.thread_count = 1  # each thread would hold pictures of its own
        self._context = context

    def picture(self, packet: av.Packet[Any]) -> av.VideoFrame | None:
        """The picture of a keyframe; None if it is damaged or no picture at all."""
        try:
            frames = self._context.decode(packet)
            frames += self._context.decode(None)  # decoders hold pictures back to put them in order: a keyframe waits
        except av.FFmpegError:
            frames = []
        self._context.flush_buffers()
        whole = [frame for frame in frames if not frame.is_corrupt]
        return whole[-1] if whole and len(whole) == len(frames) else None


def decoder(form: Form) -> VideoCodecContext:
    """For packets of a ring, in their order."""
    context = av.CodecContext.create(form.codec, "r")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - only video is kept in a ring
    context.extradata, context.thread_count = form.parameters or None, 1
    return context


def first_picture(clip: Clip) -> av.VideoFrame | None:
    """The picture of a clip's first keyframe."""
    return Decoder(decoder(clip.form)).picture(av.Packet(clip.packets[0].data))


def last_picture(clip: Clip) -> av.VideoFrame | None:
    """The newest whole picture of a clip."""
    context = decoder(clip.form)
    found: av.VideoFrame | None = None
    for packet in [*(av.Packet(one.data) for one in clip.packets), None]:
        try:
            frames = context.decode(packet)
        except av.FFmpegError:
            continue
        found = next((frame for frame in reversed(frames) if not frame.is_corrupt), found)
    return found


class Greyer:
    """Makes the small grey picture that is looked at; keeps its scaler. For one thread."""

    def __init__(self) -> None:
        self._small = VideoReformatter()

    def grey(self, frame: av.VideoFrame) -> Grey:
        small = self._small.reformat(frame, COLUMNS, ROWS, "gray", interpolation="AREA", threads=1)
        grey: Grey = np.asarray(small.to_ndarray(), dtype=np.uint8)
        return grey


class Painter:
    """Makes the pictures that are shown; keeps its scalers between them. For one thread."""

    def __init__(self, masks: Masks | None = None) -> None:
        self._masks = masks or Masks(())
        self._large = VideoReformatter()
        self._coarse = VideoReformatter()
        self._mosaic = VideoReformatter()

    def shown(self, frame: av.VideoFrame) -> av.VideoFrame:
        """What may leave this process: at most JPEG_WIDTH wide, masks black; for jpeg() and coarse()."""
        width = min(frame.width, JPEG_WIDTH) & ~1
        height = max(2, frame.height * width // max(1, frame.width) & ~1)
        ready = self._large.reformat(frame, width, height, "yuvj420p", dst_color_range="JPEG", threads=1)
        if not self._masks:
            return ready
        planes = np.asarray(ready.to_ndarray(), np.uint8)
        self._masks.burn_i420(planes)
        return av.VideoFrame.from_ndarray(planes, format="yuvj420p")

    def jpeg(self, shown: av.VideoFrame) -> bytes:
        """At most SNAPSHOT_BYTES."""
        for quality in JPEG_QUALITY:
            jpeg = _jpeg(shown, quality)
            if len(jpeg) <= SNAPSHOT_BYTES:
                return jpeg
        return b""  # noise that no JPEG can hold

    def coarse(self, shown: av.VideoFrame) -> bytes:
        """A JPEG of BLOCKS along the longer side, each of one colour: light and dark, and nobody."""
        longer = max(shown.width, shown.height, 1)
        columns, rows = (max(1, round(BLOCKS * side / longer)) for side in (shown.width, shown.height))
        blocks = self._coarse.reformat(shown, columns, rows, "rgb24", interpolation="AREA", threads=1)
        mosaic = self._mosaic.reformat(
            blocks, columns * BLOCK_PX, rows * BLOCK_PX, "rgb24", interpolation="POINT", threads=1
        )
        return _jpeg(mosaic.reformat(format="yuvj420p", dst_color_range="JPEG"), JPEG_QUALITY[0])


def _jpeg(frame: av.VideoFrame, quality: int) -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.time_base, encoder.thread_count = Fraction(1), 1
    encoder.qmin = encoder.qmax = quality
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
