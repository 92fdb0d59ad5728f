"""One encoded stream, read by a thread of its own: packets into the ring, keyframes to whoever looks.

FFmpeg's calls block, but none longer than the limits given to it. The container is closed by the thread that opened
it, whatever happens; what it meant is told to the event loop afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from fractions import Fraction

import av
import msgspec
from av.bitstream import BitStreamFilterContext

from drivers.cameras import troubles
from drivers.cameras.feed import Feed
from drivers.cameras.ffmpeg_errors import broke_off, not_opened
from drivers.cameras.gauge import Gauge
from drivers.cameras.pictures import Decoder, Greyer
from drivers.cameras.ring import Form, Packet, Ring, parameter_sets
from drivers.cameras.watch import Grey
from drivers.driver import Clock, Counters, Video
from drivers.errors import DeviceError
from drivers.pulse import Pulse

OPEN_S = 4.0  # to connect, and again to learn what the stream is
READ_S = 4.0  # without a packet, twice: at first FFmpeg gives out the picture that it held back
STUCK_S = 8.0  # FFmpeg does not keep to its limit: only the end of the process helps
PICTURE_S = 30.0  # without a whole picture: some cameras send a keyframe each 20 s
LOOK_S = 0.9  # between two looks: a keyframe a second is enough to see a hand
TO_START_CODES = {  # of NAL units that have lengths: a file's, whose parameter sets stand apart: keyframes get them
    "h264": "h264_mp4toannexb,dump_extra",
    "hevc": "hevc_mp4toannexb,dump_extra",
}
ENCODED = {"h264", "hevc", "mjpeg"}  # what a clip may be made of; raw pictures would fill a ring in a second


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a stream is, and how FFmpeg opens it."""

    name: str  # for people: without name and password
    url: str  # for FFmpeg alone
    form: str | None = None  # of the container, where the name does not tell it
    options: dict[str, str] = {}
    paced: bool = False  # a file: it waits for its own time, and begins again at its end

    def __repr__(self) -> str:
        return f"Place({self.name})"


See = Callable[[av.VideoFrame, Grey], None]  # a whole picture, and the small grey one of it


class Reader:
    """start(); first is set with the first whole picture; over has the reason when the container is closed."""

    def __init__(
        self,
        place: Place,
        clock: Clock,
        counters: Counters,
        *,
        ring: Ring,
        see: See | None,
        feed: Feed | None = None,
        main: bool = True,
    ) -> None:
        self.place = place
        self.packets = Pulse(clock, STUCK_S)
        self.pictures = Pulse(clock, PICTURE_S)
        self.first = asyncio.Event()
        self.over: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._counters = counters
        self._ring = ring
        self._see = see
        self._feed = feed
        self._gauge = Gauge(counters.video or Video(), clock, main=main)
        self._stop = threading.Event()
        self._decoder: Decoder | None = None
        self._filter: BitStreamFilterContext | None = None
        self._greyer = Greyer()
        self._form: Form | None = None
        self._looked_ns = 0
        self._dts: int | None = None
        self._is_open = False
        self._thread = threading.Thread(target=self._run, name=f"camera {place.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def started(self) -> bool:
        return self._thread.ident is not None

    def stop(self) -> None:
        """The thread ends with the next packet, or when its limit on waiting is over."""
        self._stop.set()

    def join(self) -> None:
        """After over: the thread has nothing left to do."""
        self._thread.join()

    # --- in the thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        reason: Exception = troubles.ended(self.place.name)
        try:
            while not self._stop.is_set():
                began_ns = self._clock.monotonic_ns()
                self._read()
                if not self.place.paced:
                    break
                taken_s = (self._clock.monotonic_ns() - began_ns) / 1e9
                self._stop.wait(max(0.0, LOOK_S - taken_s))  # a file of no length would spin
        except DeviceError as error:
            reason = error
        except av.FFmpegError as error:
            said = broke_off if self._is_open else not_opened
            reason = said(error, self.place.name)
        except Exception as error:  # noqa: BLE001 - a defect: the supervisor quarantines the device
            line = error.__traceback__.tb_lineno if error.__traceback__ else 0
            reason = RuntimeError(f"{type(error).__name__} while reading {self.place.name}, line {line}")
        with contextlib.suppress(RuntimeError):  # the loop has ended before us
            self._loop.call_soon_threadsafe(self._tell, reason)

    def _tell(self, reason: Exception) -> None:
        if not self.over.done():
            self.over.set_result(reason)

    def _read(self) -> None:
        """Open it, follow it to its end, close it. Raises DeviceError, and FFmpegError with the address in it."""
        self._is_open = False
        limits = (OPEN_S, READ_S)
        place = self.place
        lenient = "replace"  # a title that is no UTF-8 is no reason to refuse a camera; nobody reads it
        with av.open(
            place.url, "r", format=place.form, options=place.options, timeout=limits, metadata_errors=lenient
        ) as container:
            self._is_open = True
            try:
                self._follow(container)
            finally:
                self._decoder = None

    def _follow(self, container: av.container.InputContainer) -> None:
        self.packets.beat()
        if not container.streams.video:
            raise troubles.no_video(self.place.name, "there is sound only")
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise troubles.no_video(self.place.name, "its codec is unknown")
        self._decoder = Decoder(stream.codec_context)
        self._filter = _to_start_codes(stream)
        self._dts = None
        if self._feed is not None:
            self._feed.begin()
        for packet in container.demux(stream):
            if self._stop.is_set():
                return
            if packet.size:
                self.packets.beat()
                self._wait_for(packet)
                self._take(packet, stream)

    def _take(self, packet: av.Packet[av.VideoStream], stream: av.VideoStream) -> None:
        self._gauge.packet(packet)
        data = self._data(packet) if stream.codec_context.name in ENCODED else b""
        if packet.is_keyframe:
            new = self._learn(data, stream)
            if new or self._due():
                self._look(packet)
        if self._feed is not None and not packet.is_corrupt:
            self._feed.packet(packet, stream.codec_context)
        when = packet.dts if packet.dts is not None else packet.pts
        if self._form is not None and when is not None and data:
            pts = packet.pts if packet.pts is not None else when
            self._ring.put(Packet(data, packet.is_keyframe, pts, when), self._form)

    def _data(self, packet: av.Packet[av.VideoStream]) -> bytes:
        data = bytes(packet)
        if self._filter is None:
            return data
        given = av.Packet(data)
        given.is_keyframe = packet.is_keyframe
        return b"".join(bytes(one) for one in self._filter.filter(given))

    def _learn(self, data: bytes, stream: av.VideoStream) -> bool:
        """Whether the stream has another form from this keyframe on."""
        codec = stream.codec_context
        parameters = parameter_sets(codec.name, data) or codec.extradata or b""
        if self._form is not None and parameters == self._form.parameters:
            return False
        base = stream.time_base or Fraction(1, 90_000)
        self._form = Form(codec.name, codec.width, codec.height, base, parameters)
        return True

    def _due(self) -> bool:
        wanted = self._see is not None or not self._looked_ns
        return wanted and self._clock.monotonic_ns() - self._looked_ns >= LOOK_S * 1e9

    def _look(self, packet: av.Packet[av.VideoStream]) -> None:
        assert self._decoder is not None  # noqa: S101 - _follow() has just made it
        frame = None if packet.is_corrupt else self._decoder.picture(packet)
        if frame is None:
            self._counters.garbled += 1
            return
        self._counters.frames += 1
        self._looked_ns = self._clock.monotonic_ns()
        self.pictures.beat()
        self._gauge.picture(frame)
        if self._form is not None and (frame.width, frame.height) != (self._form.width, self._form.height):
            self._form = msgspec.structs.replace(self._form, width=frame.width, height=frame.height)
        if self._see is not None or self._feed is not None:
            self._show(frame, self._greyer.grey(frame))
        self._loop.call_soon_threadsafe(self.first.set)

    def _show(self, frame: av.VideoFrame, grey: Grey) -> None:
        if self._see is not None:
            self._see(frame, grey)
        if self._feed is not None:
            self._feed.keyframe(frame, grey)

    def _wait_for(self, packet: av.Packet[av.VideoStream]) -> None:
        """A file comes as fast as the disk: wait as long as its pictures are apart."""
        if not self.place.paced or packet.dts is None:
            return
        if self._dts is not None:
            apart_s = float((packet.dts - self._dts) * packet.time_base)
            self._stop.wait(min(max(apart_s, 0.0), READ_S))
        self._dts = packet.dts


def _to_start_codes(stream: av.VideoStream) -> BitStreamFilterContext | None:
    """What makes of a file's packets those of a stream; None if they are. A clip and a live view go on from there."""
    name = TO_START_CODES.get(stream.codec_context.name, "")
    has_lengths = (stream.codec_context.extradata or b"").startswith(b"\x01")
    return BitStreamFilterContext(name, stream) if name and has_lengths else None
