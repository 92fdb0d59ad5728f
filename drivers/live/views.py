"""The live views of one cell: each begins with the daemon's word and tells how it goes, to its end.

A view ends when the daemon says so, with its device, with its host, with the cell. Why is told in a word.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from drivers.cameras.ring import Followed, Form, OnOver, Packet
from drivers.cell_wire import LiveNews, LiveStart
from drivers.driver import Clock, LiveProgress
from drivers.live.backlog import Backlog
from drivers.live.push import Ended, View

GOING_S = 2.0  # between two words of how much was sent

Say = Callable[[LiveNews], None]
REFUSED = {
    "codec": "it gives neither packets nor pictures that can be shown live",
    "masked": "masks are configured, and its process knows of none",
    "no_encoder": "its pictures must be encoded anew, and FFmpeg has no H.264 encoder here",
}


class Look(Protocol):
    """Of a camera: what one view follows, or the word why there is none."""

    def __call__(self, *, main: bool, masked: bool, on_over: OnOver) -> Followed | str: ...


class Views:
    """Used on the cell's loop."""

    def __init__(self, say: Say, clock: Clock) -> None:
        self._say = say
        self._clock = clock
        self._going: dict[tuple[int, str], asyncio.Task[None]] = {}

    def start(self, word: LiveStart, source: Any) -> None:
        """Raises nothing: what goes wrong is told."""
        key = (word.channel, word.session)
        if key in self._going:
            return
        task = self._going[key] = asyncio.create_task(self._keep(word, source))
        task.add_done_callback(lambda _: self._going.pop(key, None))

    def stop(self, channel: int, session: str) -> None:
        if (task := self._going.get((channel, session))) is not None:
            task.cancel()

    async def end(self, channel: int) -> None:
        """The device goes: all its views are over when this returns."""
        gone = [task for (of, _), task in self._going.items() if of == channel]
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)

    async def _keep(self, word: LiveStart, source: Any) -> None:
        backlog = Backlog()
        look: Look | None = getattr(source, "live", None)
        target = word.target
        found = look(main=target.main, masked=target.masked, on_over=self._over_of(backlog)) if look else "codec"
        if isinstance(found, str):
            self._tell(word, "ended", reason=found, what=REFUSED[found])
            return
        view = View(word.target, backlog, self._clock, lambda: self._tell(word, "started", view))
        put = self._into(backlog)
        telling = asyncio.create_task(self._count(word, view))
        try:
            found.follow(put)
            try:
                await view.run()
            finally:
                found.unfollow(put)
        except Ended as end:
            self._tell(word, "ended", view, reason=end.reason, what=end.what)
        except asyncio.CancelledError:
            self._tell(word, "ended", view, reason="stopped")
        except Exception as error:  # noqa: BLE001 - a defect of ours ends this view, and no camera
            where = traceback.extract_tb(error.__traceback__)[-1]
            self._tell(word, "ended", view, reason="defect", what=f"{type(error).__name__} in line {where.lineno}")
        finally:
            telling.cancel()

    def _into(self, backlog: Backlog) -> Callable[[Packet, Form], None]:
        """From the camera's thread to ours."""
        loop, clock = asyncio.get_running_loop(), self._clock

        def put(packet: Packet, form: Form) -> None:
            loop.call_soon_threadsafe(backlog.put, packet, form, clock.monotonic_ns() / 1e9)

        return put

    def _over_of(self, backlog: Backlog) -> OnOver:
        """From whatever thread to ours."""
        loop = asyncio.get_running_loop()

        def on_over(reason: str, what: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended before
                loop.call_soon_threadsafe(backlog.end, Ended(reason, what))

        return on_over

    async def _count(self, word: LiveStart, view: View) -> None:
        while True:
            await asyncio.sleep(GOING_S)
            self._tell(word, "going", view)

    def _tell(self, word: LiveStart, state: str, view: View | None = None, *, reason: str = "", what: str = "") -> None:
        progress = LiveProgress(
            session=word.session,
            state=state,
            reason=reason,
            what=what,
            bytes_sent=view.bytes_sent if view else 0,
            skipped=view.backlog.skipped if view else 0,
        )
        self._say(LiveNews(word.channel, progress))
