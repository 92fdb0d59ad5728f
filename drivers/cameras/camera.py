"""An open camera of any kind: its readers, what their pictures tell, and whether packets and pictures still come.

Open means: a whole picture was decoded, not that somebody answered. Two heartbeats: packets and pictures.
Raises  DeviceError V-1xx.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import av

from drivers.cameras import troubles
from drivers.cameras.anew import Anew
from drivers.cameras.decoded import Decoded, alike
from drivers.cameras.encoder import can_encode
from drivers.cameras.feed import Feed
from drivers.cameras.film import Film, OnEnd, OnPiece
from drivers.cameras.masks import Masks
from drivers.cameras.pictures import Painter, first_picture, last_picture
from drivers.cameras.reader import PICTURE_S, Place, Reader
from drivers.cameras.ring import Clip, Followed, OnOver, Ring
from drivers.cameras.view import View
from drivers.cameras.watch import Grey, Watch
from drivers.clips import ClipOrder
from drivers.driver import Clock, Counters, Video
from drivers.errors import DeviceError
from drivers.frame_slot import FrameSlot
from drivers.freed_memory import give_back
from drivers.live.rtp import can_send
from drivers.pulse import Slowest
from drivers.readings import Light, PictureChange, Still

FIRST_S = 25.0  # to the first whole picture, with connecting: keyframes may be 20 s apart
CLOSE_S = 12.0  # FFmpeg's own limits and some more
TICK_S = 1.0
UNCLEAR = {"V-101", "V-107"}  # FFmpeg does not say what is wrong with a certificate, or with what is no camera
STILL_TRIES, STILL_PAUSE_S = 10, 0.1
SMALL_RING_BYTES = 4 << 20  # the newest group of the sub-stream, for whoever joins
FILMS = 2  # clips at a time: each may hold a file's worth of packets
FILMS_PAINTED = 1  # of a camera with masks: each works
CHANGES = 8  # that nobody has taken yet: the oldest gives way


class Camera:
    """Of the shape of drivers.driver.Source; `pulse` is the reading thread's, `ring` holds the last seconds."""

    def __init__(self, view: View, clock: Clock, main: Place, sub: Place | None) -> None:
        self.counters = Counters(video=Video(encodes=can_encode() if view.masks else None))
        self.ring = Ring(view.ring_s, view.ring_mb << 20)
        self._small_ring = Ring(0, SMALL_RING_BYTES)
        self._view = view
        self._clock = clock
        self._watch = Watch(view.watch)
        self._painter = Painter(Masks(view.masks))
        self._films: list[Film] = []
        self._anew = Anew(self._decoded, view.masks, clock)
        self._changes: deque[PictureChange] = deque(maxlen=CHANGES)
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._feed = feed = Feed(view.attention, clock)
        see, gives = (None, None) if sub else (self._see, feed)
        self._main = Reader(main, clock, self.counters, ring=self.ring, see=see, feed=gives)
        self._sub = (
            Reader(sub, clock, self.counters, ring=self._small_ring, see=self._see, feed=feed, main=False)
            if sub
            else None
        )
        self.pulse = Slowest(clock, [reader.packets for reader in self._readers])
        for reader in self._readers:
            reader.over.add_done_callback(lambda _: self._news.set())

    @property
    def _readers(self) -> list[Reader]:
        return [self._main, self._sub] if self._sub else [self._main]

    async def __aiter__(self) -> AsyncIterator[PictureChange]:
        while True:
            while self._changes:
                yield self._changes.popleft()
            await self._next()

    async def show(self, light: Light) -> None:
        """A camera has no light."""

    def lend(self, slot: FrameSlot) -> None:
        """Pictures for whoever looks at them in another process go there from now on."""
        self._feed.lend(slot)

    def live(self, *, main: bool, masked: bool, on_over: OnOver) -> Followed | str:
        """What a live view follows: the sub-stream, if there is one and the main one is not asked for. Where part of
        the picture is masked, or its packets are of a kind that nobody takes, pictures made anew; or why there is none.
        """
        ring = self.ring if main or self._sub is None else self._small_ring
        if masked and not self._view.masks:
            return "masked"
        if ring.form is None and self._sub is None and self.counters.frames > 1:
            return "codec"  # pictures come, and no packets are kept of them: they are raw
        if not self._view.masks and (ring.form is None or can_send(ring.form)):
            return ring
        return self._anew.look(on_over) if can_encode() else "no_encoder"

    def _decoded(self) -> Decoded:
        """Of the stream that costs less, if masks lie in it where they were drawn."""
        small = self._sub is not None and alike(self._small_ring.form, self.ring.form)
        return Decoded(self._small_ring if small else self.ring, self.ring)

    async def still(self) -> Still:
        """A picture of now. Raises DeviceError V-112."""
        for _ in range(STILL_TRIES):
            if (clip := self.ring.cut(0)) is not None:
                return await asyncio.to_thread(self._still, clip)
            await asyncio.sleep(STILL_PAUSE_S)  # just opened: its first picture is on its way into the ring
        raise troubles.no_still(self._main.place.name)

    def _still(self, clip: Clip) -> Still:
        """In a thread of its own, with tools of its own. Raises DeviceError V-112."""
        frame = last_picture(clip)
        if frame is None:
            raise troubles.no_still(self._main.place.name)
        painter = Painter(Masks(self._view.masks))
        shown = painter.shown(frame)
        return Still(
            jpeg=painter.jpeg(shown),
            blurred=painter.coarse(shown),
            at_ns=self._clock.utc_ns(),
            monotonic_ns=self._clock.monotonic_ns(),
        )

    def film(self, order: ClipOrder, on_piece: OnPiece, on_end: OnEnd) -> Film | str:
        """A clip, which goes on to its end by itself; or why there is none: busy."""
        self._films = [film for film in self._films if film.going]
        if len(self._films) >= (FILMS_PAINTED if self._view.masks else FILMS):
            return "busy"
        film = Film(self.ring, self._clock, order, on_piece, on_end, Masks(self._view.masks))
        self._films.append(film)
        film.start()
        return film

    async def open(self) -> None:
        """Until each stream has given a whole picture. Raises DeviceError."""
        for reader in self._readers:
            reader.start()
        try:
            async with asyncio.timeout(FIRST_S):
                for reader in self._readers:
                    await self._until_first(reader)
        except TimeoutError:
            raise troubles.blind(self._main.place.name, FIRST_S) from None

    async def close(self) -> None:
        """Every container is closed and every thread has ended, or RuntimeError."""
        for film in self._films:
            film.finish()
        await asyncio.to_thread(self._anew.close)
        for reader in self._readers:
            reader.stop()
        started = [reader for reader in self._readers if reader.started]
        if started:
            await asyncio.wait([reader.over for reader in started], timeout=CLOSE_S)
        for reader in started:
            if not reader.over.done():
                raise RuntimeError(f"the thread of {reader.place.name} does not end")
            reader.join()
        give_back()  # what FFmpeg has freed: some megabytes more with the reconnects

    async def _until_first(self, reader: Reader) -> None:
        waits = asyncio.create_task(reader.first.wait())
        either: set[asyncio.Future[Any]] = {waits, reader.over}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits.cancel()
        self._look_at_readers()

    async def _next(self) -> None:
        """Until something happened, a second at most. Raises DeviceError if a stream has ended, or is as good as."""
        self._look_at_readers()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK_S):
                await self._news.wait()
        self._news.clear()

    def _look_at_readers(self) -> None:
        """Raises DeviceError."""
        for reader in self._readers:
            if reader.over.done():
                raise reader.over.result()
        seeing = self._readers[-1]  # the sub-stream, if there is one
        if seeing.pictures.stopped():
            raise troubles.unreadable(seeing.place.name, PICTURE_S)

    # --- in a reader's thread -------------------------------------------------------------------------------------

    def _see(self, frame: av.VideoFrame, grey: Grey) -> None:
        now_ns = self._clock.monotonic_ns()
        before = self._watch.state
        state = self._watch.look(grey, now_ns / 1e9)
        if state is None:
            return
        best = self._painter.shown(self._best(frame))
        change = PictureChange(
            state=state,
            before=before,
            jpeg=self._painter.jpeg(best),
            blurred=self._painter.coarse(best),
            at_ns=self._clock.utc_ns(),
            monotonic_ns=now_ns,
        )
        self._loop.call_soon_threadsafe(self._tell, change)

    def _best(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The main stream's last keyframe, where the small one is looked at."""
        clip = self.ring.cut(0) if self._sub else None
        return (first_picture(clip) if clip else None) or frame

    def _tell(self, change: PictureChange) -> None:
        self._changes.append(change)
        self._news.set()


Why = Callable[[], DeviceError | None]  # a closer look at a camera that does not open; may block for some seconds


@asynccontextmanager
async def open_camera(
    view: View, clock: Clock, main: Place, sub: Place | None = None, *, why: Why | None = None
) -> AsyncIterator[Camera]:
    """Raises DeviceError V-1xx."""
    camera = Camera(view, clock, main, sub)
    try:
        try:
            await camera.open()
        except DeviceError as error:
            told = await asyncio.to_thread(why) if why is not None and error.code in UNCLEAR else None
            raise told or error from None
        yield camera
    finally:
        await camera.close()
