"""The agent restarts itself when its answer has left, or when none can leave."""

from __future__ import annotations

import asyncio

import pytest

from agent import restart
from agent.restart import Restart, RestartWanted


async def test_it_waits_for_the_answer() -> None:
    one = Restart()
    running = asyncio.create_task(one.run())
    one.answered()  # to another order, before
    one.ask("a new configuration")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not running.done()
    one.answered()
    with pytest.raises(RestartWanted, match="a new configuration"):
        await running


async def test_without_a_way_for_the_answer_it_restarts_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart, "ANSWER_S", 0.01)
    one = Restart()
    one.ask("an order")
    with pytest.raises(RestartWanted):
        await one.run()


async def test_nobody_waits_for_an_undoing() -> None:
    one = Restart()
    one.now("undone")
    one.ask("later")
    with pytest.raises(RestartWanted, match="undone"):
        await one.run()
