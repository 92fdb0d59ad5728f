"""The newest picture of an encoded stream, decoded from the packets of its ring, for drivers/cameras/anew.py.

First    the last keyframe by itself, so that something is seen at once; then all from it on, up to now.
Behind   where decoding does not keep up, all that waits goes when a keyframe comes: pictures are fewer, never old.
Damage   what the decoder calls damaged, and all that hangs on it, is left out until the next keyframe.
Size     the masks were drawn onto the main stream's picture. Where that, or this one, becomes another, it is over.
"""

from __future__ import annotations

import threading
from collections import deque

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter

from drivers.cameras.anew import another_size
from drivers.cameras.encoder import Picture
from drivers.cameras.feed import fitting
from drivers.cameras.pictures import decoder, first_picture
from drivers.cameras.ring import Clip, Form, Packet, Ring

MOST_BYTES = 4 << 20  # that wait; beyond it, and beyond MOST, all goes up to the next keyframe
MOST = 600
ALIKE = 0.01  # of two shapes
BEHIND = 30  # packets that wait when a keyframe comes: two seconds at fifteen a second


class Decoded:
    """Of one ring. `main`: that of the main stream, which may be the same."""

    def __init__(self, ring: Ring, main: Ring) -> None:
        self._ring, self._main = ring, main
        self._come = threading.Condition()
        self._waiting: deque[tuple[Packet, Form]] = deque()
        self._bytes = 0
        self._lacks_key = True  # on the way in
        self._decoder: VideoCodecContext | None = None  # None: until the next keyframe
        self._form: Form | None = None
        self._scaler = VideoReformatter()
        self._begun = False
        self._size: tuple[int, int] | None = None
        self._main_size: tuple[int, int] | None = None

    def open(self) -> None:
        self._ring.follow(self._take)

    def close(self) -> None:
        self._ring.unfollow(self._take)

    def wait(self, seconds: float) -> bool:
        with self._come:
            return self._come.wait_for(lambda: bool(self._waiting), seconds)

    def newest(self) -> Picture | None:
        """Raises Unshowable."""
        self._look_at_main()
        frame = None if self._begun else self._keyframe()
        if frame is None:
            for packet, form in self._batch():
                frame = self._decode(packet, form) or frame
        return self._ready(frame) if frame is not None else None

    # --- packets come, in the camera's thread -------------------------------------------------------------------

    def _take(self, packet: Packet, form: Form) -> None:
        with self._come:
            if packet.is_key:
                self._lacks_key = False
                if len(self._waiting) >= BEHIND and self._begun:
                    self._clear()
            elif self._lacks_key:
                return
            self._waiting.append((packet, form))
            self._bytes += len(packet.data)
            if len(self._waiting) > MOST or self._bytes > MOST_BYTES:
                self._clear()
                self._lacks_key = True
            self._come.notify()

    def _clear(self) -> None:
        self._waiting.clear()
        self._bytes = 0

    # --- pictures go, in the thread of who shows them -----------------------------------------------------------

    def _batch(self) -> list[tuple[Packet, Form]]:
        with self._come:
            found = list(self._waiting)
            self._clear()
        return found

    def _keyframe(self) -> av.VideoFrame | None:
        """The first that waits is one, if any is left: nothing is taken away. Raises Unshowable."""
        with self._come:
            if not self._waiting:
                return None
            packet, form = self._waiting[0]
        frame = first_picture(Clip(form, (packet,)))
        self._begun = True
        return self._checked(frame) if frame is not None else None

    def _decode(self, packet: Packet, form: Form) -> av.VideoFrame | None:
        """Raises Unshowable."""
        if packet.is_key and (self._decoder is None or form != self._form):
            self._decoder, self._form = decoder(form), form
        if self._decoder is None:
            return None
        try:
            frames = self._decoder.decode(av.Packet(packet.data))
        except av.FFmpegError:
            frames, self._decoder = [], None
        if any(frame.is_corrupt for frame in frames):
            frames, self._decoder = [], None
        return [self._checked(frame) for frame in frames][-1] if frames else None

    def _checked(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Raises Unshowable."""
        size = (frame.width, frame.height)
        self._size = self._size or size
        if size != self._size:
            raise another_size(self._size, size)
        return frame

    def _look_at_main(self) -> None:
        """Raises Unshowable."""
        form = self._main.form
        if form is None:
            return
        size = (form.width, form.height)
        self._main_size = self._main_size or size
        if size != self._main_size:
            raise another_size(self._main_size, size)

    def _ready(self, frame: av.VideoFrame) -> Picture:
        width, height = fitting(frame.width, frame.height)
        small = self._scaler.reformat(
            frame, width, height, "yuv420p", interpolation="AREA", threads=1, dst_color_range="MPEG"
        )
        return np.ascontiguousarray(small.to_ndarray(), np.uint8)


def alike(one: Form | None, other: Form | None) -> bool:
    """Whether two streams show the same, as far as their shape tells: then a mask lies in both at the same place."""
    if one is None or other is None or not one.height or not other.height:
        return False
    return abs(one.width / one.height / (other.width / other.height) - 1) <= ALIKE
