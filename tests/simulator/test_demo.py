"""Who ends the demonstration ends its day first: what still passes would start an agent that nobody stops."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from rich.console import Console

from simulator import __main__ as demo


class Day:
    """A day that passes until it is ended."""

    def __init__(self) -> None:
        self.log = ["it begins"]
        self.began = asyncio.Event()
        self.ended = False
        self.school = self.city = self

    async def run(self) -> None:
        try:
            self.began.set()
            await asyncio.Event().wait()
        finally:
            self.ended = True

    def open_now(self, _school: str) -> list[Any]:
        return []

    async def centre_status(self) -> dict[str, Any]:
        return {}


@pytest.fixture(autouse=True)
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "View", lambda _day: type("View", (), {"centre": {}, "__rich__": lambda _self: ""})())


@pytest.mark.parametrize("shown", [demo._plain, demo._live], ids=["lines", "screen"])
async def test_a_day_ends_with_who_watches_it(shown: Callable[[Any, Console], Coroutine[Any, Any, None]]) -> None:
    day = Day()
    watching = asyncio.create_task(shown(day, Console(file=io.StringIO())))
    await day.began.wait()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert day.ended


async def test_what_goes_wrong_in_the_day_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    day = Day()

    async def fails() -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(day, "run", fails)
    with pytest.raises(RuntimeError, match="a defect"):
        await demo._plain(day, Console(file=io.StringIO()))  # type: ignore[arg-type]
