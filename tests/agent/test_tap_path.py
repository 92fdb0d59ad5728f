"""Green only after the outbox has said durable; wait when it has not, and the tap is recorded all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from agent import tap_path
from agent.events import CardSeen, draft
from agent.model import Draft, Lane, Moment, Place
from agent.tap_path import TapPath
from drivers.readings import Light


def tap() -> Draft:
    return draft(CardSeen(reader="canteen-1", form="em4100", card="0" * 32), Moment(1, 1, True), source="canteen-1")


class Gate:
    """An outbox that is durable when the test says so."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.taken = 0

    async def accept(self, drafts: Sequence[Draft]) -> list[Place]:
        await self.open.wait()
        self.taken += len(drafts)
        return [Place("e", Lane.RECORD, self.taken)]


async def test_green_only_after_durable() -> None:
    gate = Gate()
    light = asyncio.ensure_future(TapPath(gate.accept).take(tap()))
    await asyncio.sleep(0)
    assert not light.done()
    gate.open.set()
    assert await light is Light.ACCEPTED


async def test_a_stuck_database_shows_wait_and_the_tap_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_path, "WAIT_AFTER_S", 0.01)
    gate = Gate()
    assert await TapPath(gate.accept).take(tap()) is Light.WAIT
    assert gate.taken == 0
    gate.open.set()
    async with asyncio.timeout(5):
        while gate.taken == 0:
            await asyncio.sleep(0)


async def test_late_taps_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_path, "WAIT_AFTER_S", 0.001)
    monkeypatch.setattr(tap_path, "TAPS_WAITING", 2)
    path = TapPath(Gate().accept)
    assert [await path.take(tap()) for _ in range(4)] == [Light.WAIT] * 4
    assert path.not_taken == 2


async def test_a_refused_accept_reaches_the_supervisor() -> None:
    async def broken(drafts: Sequence[Draft]) -> list[Place]:
        raise RuntimeError("writer died")

    with pytest.raises(RuntimeError, match="writer died"):
        await TapPath(broken).take(tap())
