"""A running agent's control socket that answers for one camera's memory; in a thread, for commands that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agent.ops.control import Control
from agent.ops.picture_asks import picture_asks


@contextmanager
def answering(control: Path, places: Mapping[str, str]) -> Iterator[None]:
    """places: of the memory of each watched camera."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        control.parent.mkdir(parents=True, exist_ok=True)
        async with Control(control, picture_asks(lambda camera: places.get(camera, ""))):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
