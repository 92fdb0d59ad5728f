"""Pictures into H.264, in software, for who looks live: a keyframe first and each KEY_S, the bits bounded.

Encoder  libx264 as PyAV's wheels and Debian's FFmpeg have it, for x86-64 and aarch64. A Pi 5 has none in hardware; why
         a Pi 4 is not asked for its own: docs/decisions/0023-live-encoded-in-software.md.
Shape    I420, uint8, (height * 3 / 2, width), both even; packets on a clock of 90,000 steps a second.
PyAV     what is asked of it is in each version from 10 (Debian 12) to 19: the CSI camera's cell has Debian's.
Not      masks: whoever gives a picture has painted it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from drivers.cameras.ring import Form, Packet, parameter_sets

Picture = NDArray[np.uint8]  # I420, (height * 3 / 2, width), writeable
NAME = "libx264"
RATE = 8  # pictures a second, at most
KEY_S = 2.0
CLOCK = 90_000
NANO = 1_000_000_000
MOST_BITS_S = 700_000
OPTIONS = {  # the buffer is of one second: a keyframe may be large, a second may not
    "preset": "ultrafast", "tune": "zerolatency", "crf": "27", "maxrate": str(MOST_BITS_S), "bufsize": str(MOST_BITS_S),
}  # fmt: skip
KEYFRAME = 1  # AV_PICTURE_TYPE_I


def can_encode() -> bool:
    """Whether FFmpeg has the encoder here."""
    try:
        av.codec.Codec(NAME, "w")
    except ValueError:
        return False
    return True


def software(width: int, height: int, time_base: Fraction, rate: int) -> Any:
    """A context of one thread that holds nothing back. Raises RuntimeError where FFmpeg has no such encoder."""
    try:
        context: Any = av.CodecContext.create(NAME, "w")
    except ValueError as error:  # of PyAV: it knows no such encoder
        raise RuntimeError("FFmpeg has no H.264 encoder here") from error
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate, context.thread_count = time_base, Fraction(rate), 1
    return context


def packet_of(made: Any) -> Packet:
    """What an encoder gave, an av.Packet."""
    pts = made.pts or 0
    return Packet(bytes(made), bool(made.is_keyframe), pts, made.dts if made.dts is not None else pts)


class Encoder:
    """For one thread, and one size."""

    def __init__(self, width: int, height: int) -> None:
        """Raises RuntimeError."""
        self.form = Form("h264", width, height, Fraction(1, CLOCK))  # with its parameters from the first picture on
        self._context = software(width, height, self.form.time_base, RATE)
        self._context.gop_size, self._context.options = round(RATE * KEY_S), dict(OPTIONS)
        self._last = -1
        self._key_due_ns = 0

    def encode(self, picture: Picture, at_ns: int) -> list[Packet]:
        """What it has become; `at_ns` by a steady clock."""
        frame: Any = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        self._last = max(self._last + 1, at_ns * CLOCK // NANO)
        frame.pts, frame.time_base = self._last, self.form.time_base
        if at_ns >= self._key_due_ns:  # by the clock: where pictures are few, so many of them would be too long
            frame.pict_type, self._key_due_ns = KEYFRAME, at_ns + round(KEY_S * NANO)
        return [self._packet(one) for one in self._context.encode(frame)]

    def _packet(self, made: Any) -> Packet:
        packet = packet_of(made)
        if not self.form.parameters:
            form = self.form
            self.form = Form(form.codec, form.width, form.height, form.time_base, parameter_sets("h264", packet.data))
        return packet
