"""The centre's word: whoever asks gets the next one, and nobody who has gone is told."""

from __future__ import annotations

import asyncio

import pytest

from agent.sync import centre_word
from agent.sync.centre_word import CentreWord
from agent.sync.topics import StoredLane, Welcome
from tests.clock import FastClock

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"


def welcome(highest: int) -> Welcome:
    stored = [StoredLane(epoch=EPOCH, lane="record", through=highest, highest=highest)]
    return Welcome(school="s", session="x", time="2026-11-23T08:00:00.000000Z", stored=stored)


async def test_two_who_ask_get_the_same_word() -> None:
    word = CentreWord(FastClock())
    assert word.last is None
    births: list[int] = []
    asking = [asyncio.create_task(word.asked(lambda: births.append(1))) for _ in range(2)]
    await asyncio.sleep(0)
    assert births == [1, 1]
    word.take(welcome(7))
    one, other = await asyncio.gather(*asking)
    assert one is other is word.last
    assert one.stored[0].highest == 7


async def test_who_gives_up_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(centre_word, "WITHIN_S", 0.01)
    word = CentreWord(FastClock())
    with pytest.raises(TimeoutError):
        await word.asked(lambda: None)
    with pytest.raises(ZeroDivisionError):
        await word.asked(lambda: 1 // 0)
    word.take(welcome(1))
    assert word.last is not None
