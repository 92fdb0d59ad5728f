"""One clip of a camera: what its ring holds of the seconds before a moment, and what comes after it, sealed.

Thread  its own. It waits for packets, writes them as MP4 (mp4.py) and seals what is written, a chunk at a time: pyrage
        holds the interpreter, so the chunks are small. Each piece is handed over before the next one is made.
Memory  packets that are not written yet, never more than the file may have; pieces, PIECES_AHEAD.
Masks   with them every picture is encoded anew (repaint.py), and the file has what comes of that alone.
Ends    with the last picture that was asked for; earlier if the file is full, the camera ends, or its stream begins
        anew: what there is then is a whole file.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
from collections import deque
from collections.abc import Callable

import av
import pyrage  # type: ignore[import-untyped]

from drivers.cameras.masks import Masks
from drivers.cameras.mp4 import HEAD_COST, PACKET_COST, Mp4
from drivers.cameras.repaint import Repainter
from drivers.cameras.ring import JUMP_S, Form, Packet, Ring
from drivers.clips import PIECE_BYTES, PIECES_AHEAD, ClipMade, ClipOrder, plain_most
from drivers.driver import Clock

LATE_S = 2.0  # a camera may be so far behind with the last picture
NANO = 1_000_000_000

OnPiece = Callable[[bytes], None]
OnEnd = Callable[[ClipMade | None, str], None]  # or why there is none


class _Stopped(Exception):
    """Nobody wants it any more."""


class Film:
    """start() it; taken() after each piece; both callbacks come on the loop that made it, on_end last and once."""

    def __init__(
        self, ring: Ring, clock: Clock, order: ClipOrder, on_piece: OnPiece, on_end: OnEnd, masks: Masks | None = None
    ) -> None:
        self._ring = ring
        self._clock = clock
        self._order = order
        self._on_piece, self._on_end = on_piece, on_end
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="clip", daemon=True)
        self._room = threading.Semaphore(PIECES_AHEAD)
        self._come = threading.Condition()
        self._packets: deque[Packet] = deque()
        self._form: Form | None = None
        self._left_bytes = self._left_painted = plain_most(order) - HEAD_COST
        self._masks = masks
        self._repainter: Repainter | None = None
        self._moment: int | None = None  # when it was, in the stream's time
        self._came: Packet | None = None  # the last one
        self._begun = self._complete = self._stopped = False
        self._plain, self._plain_bytes = hashlib.sha256(), 0
        self._first: Packet | None = None  # that was written
        self._last: Packet | None = None
        self._mp4: Mp4 | None = None
        self._closed = False  # the MP4 is whole
        self._unread = bytearray()
        self._piece = bytearray()

    def start(self) -> None:
        """From now on it follows the ring."""
        ago_s = (self._clock.monotonic_ns() - self._order.at_ns) / NANO
        self._ring.follow(self._follow, max(0.0, ago_s) + self._order.before_s)
        with self._come:
            self._begun = True
            if self._packets:
                self._begin(list(self._packets))
        self._thread.start()

    @property
    def going(self) -> bool:
        return self._thread.is_alive()

    def taken(self) -> None:
        """There is room for another piece."""
        self._room.release()

    def finish(self) -> None:
        """Nothing more comes: what there is becomes the clip."""
        with self._come:
            self._complete = True
            self._come.notify()

    def stop(self) -> None:
        """It is given up: nothing more is handed over but its end."""
        self._stopped = True
        self._room.release()
        self.finish()

    # --- packets come, in the camera's thread ---------------------------------------------------------------------

    def _follow(self, packet: Packet, form: Form) -> None:
        with self._come:
            if not self._complete:
                self._take(packet, form)
            self._come.notify()

    def _take(self, packet: Packet, form: Form) -> None:
        """At first all that comes is kept: _begin() chooses."""
        self._form = self._form or form
        if form != self._form or not self._follows(packet):
            self._complete = True
            return
        self._came = packet
        if not self._begun:
            self._packets.append(packet)
        elif self._moment is None:
            self._begin([packet])
        else:
            self._accept(packet)

    def _follows(self, packet: Packet) -> bool:
        return self._came is None or 0 < self._seconds(packet.dts - self._came.dts) <= JUMP_S

    def _begin(self, packets: list[Packet]) -> None:
        """The newest one is of now. Of too much the oldest groups give way, so that the moment is in the clip."""
        ago_s = (self._clock.monotonic_ns() - self._order.at_ns) / NANO
        self._moment = packets[-1].dts - self._steps(ago_s)
        groups: list[list[Packet]] = []
        for packet in packets:
            if packet.is_key or not groups:
                groups.append([])
            groups[-1].append(packet)
        costs = [sum(map(_cost, group)) for group in groups]
        while len(groups) > 1 and groups[1][0].dts <= self._moment and sum(costs) > self._left_bytes // 2:
            del groups[0], costs[0]
        self._packets.clear()
        for packet in (packet for group in groups for packet in group):
            self._accept(packet)

    def _accept(self, packet: Packet) -> None:
        assert self._moment is not None  # noqa: S101 - _begin() has told it
        late = packet.dts > self._moment + self._steps(self._order.after_s)
        if self._complete or late or _cost(packet) > self._left_bytes:
            self._complete = True
            return
        self._left_bytes -= _cost(packet)
        self._packets.append(packet)

    def _steps(self, seconds: float) -> int:
        assert self._form is not None  # noqa: S101 - a packet has come
        return round(seconds / self._form.time_base)

    def _seconds(self, steps: int) -> float:
        assert self._form is not None  # noqa: S101 - as above
        return float(steps * self._form.time_base)

    # --- pieces go, in the clip's thread --------------------------------------------------------------------------

    def _run(self) -> None:
        made, reason = None, "failed"
        try:
            recipients = [pyrage.x25519.Recipient.from_str(one) for one in self._order.recipients]
            pyrage.encrypt_io(self, self, recipients)
            if self._piece:
                self._hand_over(bytes(self._piece))
            made = self._made()
            reason = "" if made else "no_video"
        except (pyrage.EncryptError, _Stopped):  # the sealer tells every failure of its reader as its own
            reason = "stopped" if self._stopped else "failed"
        except (pyrage.RecipientError, RuntimeError):  # no recipient; the loop has ended before us
            pass
        finally:
            self._ring.unfollow(self._follow)
            self._give_back()
        with contextlib.suppress(RuntimeError):  # the loop has ended before us
            self._loop.call_soon_threadsafe(self._on_end, made, reason)

    def _give_back(self) -> None:
        """What FFmpeg holds of one that was given up."""
        if self._mp4 is not None and not self._closed:
            with contextlib.suppress(av.FFmpegError):  # of a video that could not be written
                self._mp4.close()

    def _made(self) -> ClipMade | None:
        if self._first is None or self._last is None or self._moment is None:
            return None
        return ClipMade(
            plain_bytes=self._plain_bytes,
            plain_sha256=self._plain.hexdigest(),
            before_s=self._seconds(self._moment - self._first.dts),
            after_s=self._seconds(self._last.dts - self._moment),
        )

    def read(self, size: int) -> bytes:
        """Of the shape of a file: the sealer reads the video here."""
        while not self._unread and not self._closed:
            self._write_one()
        given = bytes(self._unread[:size])
        del self._unread[:size]
        self._plain.update(given)
        self._plain_bytes += len(given)
        return given

    def write(self, sealed: bytes) -> int:
        """Of the shape of a file: the sealer writes what is sealed here."""
        self._piece += sealed
        while len(self._piece) >= PIECE_BYTES:
            self._hand_over(bytes(self._piece[:PIECE_BYTES]))
            del self._piece[:PIECE_BYTES]
        return len(sealed)

    def flush(self) -> None:
        """Of the shape of a file; a piece goes when it is full."""

    def _write_one(self) -> None:
        """Wait for a packet and write it into the MP4; at the end close that. Raises _Stopped."""
        packet = self._next()
        for one in self._as_shown(packet):
            form = self._repainter.form if self._repainter else self._form
            assert form is not None  # noqa: S101 - a packet has come
            self._mp4 = self._mp4 or Mp4(form)
            self._mp4.add(one)
            self._first, self._last = self._first or one, one
        if packet is None:
            self._closed = True
            if self._mp4 is not None:
                self._mp4.close()
        if self._mp4 is not None:
            self._unread += self._mp4.take()

    def _as_shown(self, packet: Packet | None) -> list[Packet]:
        """As it came; or, with masks, encoded anew, as much of it as the file may have."""
        if not self._masks:
            return [packet] if packet else []
        if self._repainter is None:
            if packet is None:
                return []
            assert self._form is not None  # noqa: S101 - a packet has come
            self._repainter = Repainter(self._form, self._masks)
        painted = self._repainter.take(packet) if packet else self._repainter.end()
        fitting = []
        for one in painted:
            self._left_painted -= _cost(one)
            if self._left_painted < 0:
                self.finish()
                break
            fitting.append(one)
        return fitting

    def _next(self) -> Packet | None:
        """The next packet; None: there is no more. Raises _Stopped."""
        until_ns = self._order.at_ns + round((self._order.after_s + LATE_S) * NANO)
        with self._come:
            while not self._packets and not self._complete:
                left_s = (until_ns - self._clock.monotonic_ns()) / NANO
                if left_s <= 0:
                    self._complete = True
                    break
                self._come.wait(left_s)
            if self._stopped:
                raise _Stopped
            return self._packets.popleft() if self._packets else None

    def _hand_over(self, piece: bytes) -> None:
        """Raises _Stopped."""
        self._room.acquire()
        if self._stopped:
            raise _Stopped
        self._loop.call_soon_threadsafe(self._on_piece, piece)


def _cost(packet: Packet) -> int:
    return len(packet.data) + PACKET_COST
