"""Work that blocks: its result and its error come back; who is cancelled does not wait for it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from agent.aside import aside


async def test_the_result_comes_back_from_another_thread() -> None:
    assert await aside(threading.get_ident, "t") != threading.get_ident()


async def test_so_does_what_it_raised() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await aside(lambda: int("x"), "t")


async def test_who_is_cancelled_does_not_wait() -> None:
    go, ended = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(20)
        ended.set()

    task = asyncio.create_task(aside(work, "t"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not ended.is_set()
    go.set()
    assert ended.wait(20)
