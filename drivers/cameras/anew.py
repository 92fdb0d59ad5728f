"""A camera's pictures made anew for who looks at them live: masks burnt in, encoded by one thread, however many look.

For     a camera with masks, whose own packets hide nothing; one that gives no packets of a kind that is passed on.
Fails   closed: a picture of another size, one that cannot be decoded, a defect of ours end all views of it, with the
        reason in words. Nothing leaves that was not painted: what is followed is fed by _paint() alone.
Bounds  RATE pictures a second; after each it rests as long as it worked, so that it never takes more than half a core
        and gives way on a busy machine. The newest picture counts; those between are not encoded.
Ends    with the last who looks; the next one begins anew.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Protocol

from drivers.cameras.encoder import RATE, Encoder, Picture
from drivers.cameras.masks import Masks, Outline
from drivers.cameras.ring import Follower, OnOver, Ring
from drivers.driver import Clock

WAIT_S = 0.25  # for a picture, after which it sees whether it is to end
LOST_S = 30.0  # without one it ends: nobody takes an old picture for one of now
RING_BYTES = 1 << 20  # of the last group of pictures: a quarter of that, by the encoder's bounds
JOIN_S = 5.0


class Unshowable(Exception):
    """Nothing more can be shown: the reason in a word, and what happened."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(reason)
        self.reason, self.what = reason, what


class Pictures(Protocol):
    """Where they come from. open() and close() from the same thread as the rest."""

    def open(self) -> None: ...

    def close(self) -> None: ...

    def wait(self, seconds: float) -> bool:
        """Whether there is something to be made a picture of."""
        ...

    def newest(self) -> Picture | None:
        """All that waits is used up; its newest picture, to be painted into. Raises Unshowable."""
        ...


class Anew:
    """Of one camera. `pictures` gives a fresh source for each time that somebody begins to look."""

    def __init__(self, pictures: Callable[[], Pictures], outlines: Sequence[Outline], clock: Clock) -> None:
        self._pictures = pictures
        self._outlines = outlines
        self._clock = clock
        self._run: Run | None = None

    def look(self, on_over: OnOver) -> Look:
        """For one view; it costs nothing until it is followed."""
        return Look(self, on_over)

    def join(self, on_over: OnOver) -> Run:
        """On the loop, as all but Run's own thread."""
        if self._run is None or not self._run.add(on_over):
            run = Run(self._pictures(), Masks(self._outlines), self._clock)
            run.add(on_over)
            run.start()
            self._run = run
        return self._run

    def close(self) -> None:
        """Whoever looks sees nothing more. Waits for the thread."""
        if self._run is not None:
            self._run.stop()
            self._run.join()


class Look:
    """What one view follows, of the shape of drivers.cameras.ring.Followed."""

    def __init__(self, anew: Anew, on_over: OnOver) -> None:
        self._anew = anew
        self._on_end = on_over
        self._run: Run | None = None

    def follow(self, follower: Follower) -> None:
        self._run = self._anew.join(self._on_end)
        self._run.ring.follow(follower)

    def unfollow(self, follower: Follower) -> None:
        if self._run is not None:
            self._run.ring.unfollow(follower)
            self._run.leave(self._on_end)


class Run:
    """From the first who looks to the last."""

    def __init__(self, pictures: Pictures, masks: Masks, clock: Clock) -> None:
        self.ring = Ring(0, RING_BYTES)
        self._pictures = pictures
        self._masks = masks
        self._clock = clock
        self._encoder: Encoder | None = None
        self._to_tell: list[OnOver] = []
        self._over = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="live", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def join(self) -> None:
        self._thread.join(JOIN_S)

    def add(self, on_over: OnOver) -> bool:
        """Whether one more can look: not once it is over, or is about to be."""
        with self._lock:
            if self._over or self._stop.is_set():
                return False
            self._to_tell.append(on_over)
            return True

    def leave(self, on_over: OnOver) -> None:
        with self._lock:
            if on_over in self._to_tell:
                self._to_tell.remove(on_over)
            if not self._to_tell:
                self._stop.set()

    # --- in its thread ------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self._pictures.open()
            try:
                self._show()
            finally:
                self._pictures.close()
        except Unshowable as end:
            self._end(end.reason, end.what)
        except Exception as error:  # noqa: BLE001 - a defect of ours ends these views, and no camera
            where = traceback.extract_tb(error.__traceback__)[-1]
            self._end("defect", f"{type(error).__name__} in line {where.lineno} of {where.name}")

    def _show(self) -> None:
        """Raises Unshowable."""
        shown_ns = self._now_ns()
        while not self._stop.is_set():
            if self._now_ns() - shown_ns > LOST_S * 1e9:
                raise Unshowable("no_picture", f"no whole picture for {LOST_S:.0f} s")
            if not self._pictures.wait(WAIT_S):
                continue
            began_ns = self._now_ns()
            if (picture := self._pictures.newest()) is not None:
                shown_ns = began_ns
                self._paint(picture, began_ns)
            worked_s = (self._now_ns() - began_ns) / 1e9
            self._stop.wait(max(1 / RATE - worked_s, worked_s))

    def _paint(self, picture: Picture, at_ns: int) -> None:
        """Raises Unshowable."""
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        encoder = self._encoder = self._encoder or _encoder(width, height)
        if (width, height) != (encoder.form.width, encoder.form.height):
            raise another_size((encoder.form.width, encoder.form.height), (width, height))
        self._masks.burn_i420(picture)
        for packet in encoder.encode(picture, at_ns):
            self.ring.put(packet, encoder.form)

    def _end(self, reason: str, what: str) -> None:
        with self._lock:
            self._over = True
            to_tell = list(self._to_tell)
        for on_over in to_tell:
            on_over(reason, what)

    def _now_ns(self) -> int:
        return self._clock.monotonic_ns()


def _encoder(width: int, height: int) -> Encoder:
    """Raises Unshowable."""
    try:
        return Encoder(width, height)
    except RuntimeError as error:
        raise Unshowable("no_encoder", str(error)) from None


def another_size(before: tuple[int, int], now: tuple[int, int]) -> Unshowable:
    """Masks are drawn onto a picture: of another shape they may lie elsewhere."""
    return Unshowable("masked", f"the picture was {before[0]}x{before[1]} and is {now[0]}x{now[1]} now: order it again")
