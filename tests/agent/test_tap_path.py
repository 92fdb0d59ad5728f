"""Green only after the outbox has said durable; wait when it has not, and the tap is recorded all the same."""

from __future__ import annotations

import asyncio

import pytest

from agent import tap_path
from agent.outbox.group import Transaction
from agent.tap_path import Decide, TapPath
from drivers.readings import Light


def green(_transaction: Transaction) -> Light:
    return Light.ACCEPTED


def red(_transaction: Transaction) -> Light:
    return Light.REFUSED


class Gate:
    """An outbox that is durable when the test says so."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.taken = 0

    async def transact(self, decide: Decide) -> Light:
        await self.open.wait()
        self.taken += 1
        return decide(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("decide", "shown"), [(green, Light.ACCEPTED), (red, Light.REFUSED)])
async def test_the_light_comes_only_after_durable(decide: Decide, shown: Light) -> None:
    gate = Gate()
    light = asyncio.ensure_future(TapPath(gate.transact).take(decide))
    await asyncio.sleep(0)
    assert not light.done()
    gate.open.set()
    assert await light is shown


async def test_a_stuck_database_shows_wait_and_the_tap_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_path, "WAIT_AFTER_S", 0.01)
    gate = Gate()
    assert await TapPath(gate.transact).take(green) is Light.WAIT
    assert gate.taken == 0
    gate.open.set()
    async with asyncio.timeout(5):
        while gate.taken == 0:
            await asyncio.sleep(0)


async def test_late_taps_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_path, "WAIT_AFTER_S", 0.001)
    monkeypatch.setattr(tap_path, "TAPS_WAITING", 2)
    path = TapPath(Gate().transact)
    assert [await path.take(green) for _ in range(4)] == [Light.WAIT] * 4
    assert path.not_taken == 2


async def test_a_writer_that_died_reaches_the_supervisor() -> None:
    async def broken(_decide: Decide) -> Light:
        raise RuntimeError("writer died")

    with pytest.raises(RuntimeError, match="writer died"):
        await TapPath(broken).take(green)
