"""Green only after the outbox has said durable; wait when it has not, and the tap is recorded all the same."""

from __future__ import annotations

import asyncio

import pytest

from agent.errors import AgentError
from agent.outbox.group import Transaction
from agent.paths import tap as tap_path
from agent.paths.tap import Decide, TapPath
from agent.school.defects import Defects
from drivers.readings import Light
from tests.clock import FastClock


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


def never(_transaction: Transaction) -> Light:
    raise AssertionError("only where a rule fails by itself")


def path_to(gate: Gate) -> TapPath:
    return TapPath(gate.transact, Defects(FastClock()))


@pytest.mark.parametrize(("decide", "shown"), [(green, Light.ACCEPTED), (red, Light.REFUSED)])
async def test_the_light_comes_only_after_durable(decide: Decide, shown: Light) -> None:
    gate = Gate()
    light = asyncio.ensure_future(path_to(gate).take("seen", decide, never))
    await asyncio.sleep(0)
    assert not light.done()
    gate.open.set()
    assert await light is shown


async def test_a_stuck_database_shows_wait_and_the_tap_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_path, "WAIT_AFTER_S", 0.01)
    gate = Gate()
    assert await path_to(gate).take("seen", green, never) is Light.WAIT
    assert gate.taken == 0
    gate.open.set()
    async with asyncio.timeout(5):
        while gate.taken == 0:
            await asyncio.sleep(0)


async def test_late_taps_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_path, "WAIT_AFTER_S", 0.001)
    monkeypatch.setattr(tap_path, "TAPS_WAITING", 2)
    path = path_to(Gate())
    assert [await path.take("seen", green, never) for _ in range(4)] == [Light.WAIT] * 4
    assert path.not_taken == 2


@pytest.mark.parametrize("error", [AgentError("D-102", "writer died", do="Nothing."), asyncio.CancelledError()])
async def test_a_writer_that_died_reaches_the_supervisor(error: BaseException) -> None:
    async def broken(_decide: Decide) -> Light:
        raise error

    with pytest.raises(type(error)):
        await TapPath(broken, Defects(FastClock())).take("seen", green, never)


async def test_a_rule_that_fails_by_itself_costs_no_tap_and_is_told() -> None:
    gate, defects = Gate(), Defects(FastClock())
    gate.open.set()
    path = TapPath(gate.transact, defects)
    recorded = []

    def broken(_transaction: Transaction) -> Light:
        raise KeyError("lunch")

    def record(_transaction: Transaction) -> Light:
        recorded.append(1)
        return Light.ACCEPTED

    assert await path.take("meals", broken, record) is Light.WAIT
    assert (recorded, [trouble.code for trouble in defects.trouble()]) == ([1], ["M-103"])
    assert await path.take("meals", red, never) is Light.REFUSED
    assert defects.trouble() == []


async def test_who_decided_hears_that_it_is_durable_be_it_late(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    gate = Gate()
    gate.open.set()
    await path_to(gate).take("seen", green, never, lambda: heard.append("in time"))
    assert heard == ["in time"]
    monkeypatch.setattr(tap_path, "WAIT_AFTER_S", 0.01)
    stuck = Gate()
    assert await path_to(stuck).take("seen", green, never, lambda: heard.append("late")) is Light.WAIT
    assert heard == ["in time"]
    stuck.open.set()
    async with asyncio.timeout(5):
        while len(heard) < 2:
            await asyncio.sleep(0)
