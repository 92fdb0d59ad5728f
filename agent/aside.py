"""Work that blocks, in a thread that nobody waits for: the daemon's end must not wait for a line.

An error that it raised holds a traceback, and that the frames that led to it: nothing here closes the circle.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T], name: str) -> T:
    """Its result, or what it raised. Cancelled, it goes on unheard; name: of the thread."""
    done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    threading.Thread(target=_do, args=(work, done), name=name, daemon=True).start()
    try:
        return await done
    finally:
        del done  # it holds the error, whose traceback holds this frame: a circle


def _do(work: Callable[[], T], done: asyncio.Future[T]) -> None:
    """In a thread of its own: to its end, which is told to the loop that waits for it."""
    error: Exception | None = None
    try:
        tell: Callable[[], None] = _told(done, work())
    except Exception as caught:  # noqa: BLE001 - it is raised again, on the loop
        error = caught
    with contextlib.suppress(RuntimeError):  # the loop has ended
        if error is None:
            done.get_loop().call_soon_threadsafe(tell)
        else:
            done.get_loop().call_soon_threadsafe(_fail, done, error)
    del done, error  # as above


def _told(done: asyncio.Future[T], result: T) -> Callable[[], None]:
    def tell() -> None:
        if not done.done():  # else nobody waits any more
            done.set_result(result)

    return tell


def _fail(done: asyncio.Future[T], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
