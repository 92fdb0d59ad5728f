"""An alarm reaches the outbox at once, goes ahead of it when it is stuck, and is never dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from agent.errors import AgentError
from agent.events import ZoneChanged, draft
from agent.model import Draft, Lane, Moment, Place
from agent.paths import alarm as alarm_path
from agent.paths.alarm import AlarmPath
from tests.clock import FastClock


def fire(zone: int = 1) -> Draft:
    data = ZoneChanged(sensor="panel", zone=zone, place="gym", state="fire", before="", codes=[37], words="fire")
    return draft(data, Moment(1, 1, True), source=f"panel/{zone}")


class StuckOutbox:
    """Accepts when its gate opens."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.taken: list[Draft] = []

    async def accept(self, drafts: Sequence[Draft]) -> list[Place]:
        await self.gate.wait()
        self.taken += drafts
        return [Place("e", Lane.ALARM, len(self.taken))]


class AheadLink:
    def __init__(self, *, online: bool = True) -> None:
        self.sent: list[Draft] = []
        self.arrived = asyncio.Event()
        self.online = online

    async def send_ahead(self, alarm: Draft) -> bool:
        self.sent.append(alarm)
        self.arrived.set()
        return self.online


async def test_an_answering_database_sends_nothing_ahead() -> None:
    outbox, link = StuckOutbox(), AheadLink()
    outbox.gate.set()
    path = AlarmPath(outbox.accept, link.send_ahead, FastClock())
    await path.raise_alarm(fire())
    await path.drained()
    assert [taken.data for taken in outbox.taken] == [fire().data]
    assert link.sent == []


async def test_a_stuck_database_is_overtaken_and_the_alarm_follows_under_the_same_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alarm_path, "AHEAD_AFTER_S", 0.01)
    outbox, link = StuckOutbox(), AheadLink()
    path = AlarmPath(outbox.accept, link.send_ahead, FastClock())
    await path.raise_alarm(fire(1))
    await path.raise_alarm(fire(2))
    async with asyncio.timeout(5):
        while len(link.sent) < 2:
            link.arrived.clear()
            await link.arrived.wait()
    assert outbox.taken == []
    outbox.gate.set()
    await path.drained()
    assert {alarm.ahead_id for alarm in outbox.taken} == {alarm.ahead_id for alarm in link.sent}
    assert len({alarm.ahead_id for alarm in link.sent}) == 2
    assert path.sent_ahead == 2


async def test_offline_and_stuck_the_alarm_still_waits_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_path, "AHEAD_AFTER_S", 0.01)
    outbox, link = StuckOutbox(), AheadLink(online=False)
    path = AlarmPath(outbox.accept, link.send_ahead, FastClock())
    await path.raise_alarm(fire())
    async with asyncio.timeout(5):
        await link.arrived.wait()
    assert path.sent_ahead == 0
    assert path.waiting() == 1
    outbox.gate.set()
    await path.drained()
    assert len(outbox.taken) == 1


async def test_a_copy_that_found_no_connection_is_sent_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broker and database away together, and the broker back first: somebody must hear of it before the disk does."""
    monkeypatch.setattr(alarm_path, "AHEAD_AFTER_S", 0.01)
    monkeypatch.setattr(alarm_path, "UNSENT_AGAIN_S", 0.01)
    outbox, link = StuckOutbox(), AheadLink(online=False)
    path = AlarmPath(outbox.accept, link.send_ahead, FastClock())
    await path.raise_alarm(fire())
    async with asyncio.timeout(5):
        await link.arrived.wait()
        link.online = True
        while path.sent_ahead < 1:
            link.arrived.clear()
            await link.arrived.wait()
    outbox.gate.set()
    await path.drained()
    assert {alarm.ahead_id for alarm in link.sent} == {outbox.taken[0].ahead_id}
    assert path.sent_ahead == 1


async def test_a_copy_is_sent_again_while_the_database_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody receipts a copy: one that came while no receiver listened at the centre is gone."""
    monkeypatch.setattr(alarm_path, "AHEAD_AFTER_S", 0.01)
    monkeypatch.setattr(alarm_path, "SENT_AGAIN_S", 0.01)
    outbox, link = StuckOutbox(), AheadLink()
    path = AlarmPath(outbox.accept, link.send_ahead, FastClock())
    await path.raise_alarm(fire())
    async with asyncio.timeout(5):
        while len(link.sent) < 3:
            link.arrived.clear()
            await link.arrived.wait()
    assert path.sent_ahead == 1  # of alarms, not of copies
    outbox.gate.set()
    await path.drained()
    assert len(outbox.taken) == 1


@pytest.mark.parametrize("online", [True, False])
async def test_of_an_alarm_that_the_database_refuses_the_copy_is_all_there_is(*, online: bool) -> None:
    async def damaged(_drafts: Sequence[Draft]) -> list[Place]:
        raise AgentError("D-102", "the outbox's writer has ended", do="Nothing; systemd restarts the agent.")

    link = AheadLink(online=online)
    path = AlarmPath(damaged, link.send_ahead, FastClock())
    await path.raise_alarm(fire())
    await path.drained()
    assert len(link.sent) == 1
    assert path.sent_ahead == online


async def test_waiting_alarms_are_bounded_and_the_source_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_path, "ALARMS_WAITING", 3)
    outbox, link = StuckOutbox(), AheadLink()
    path = AlarmPath(outbox.accept, link.send_ahead, FastClock())
    for zone in (1, 2, 3):
        await path.raise_alarm(fire(zone))
    fourth = asyncio.ensure_future(path.raise_alarm(fire(4)))
    await asyncio.sleep(0)
    assert not fourth.done()
    outbox.gate.set()
    await asyncio.wait_for(fourth, 5)
    await path.drained()
    assert len(outbox.taken) == 4


async def test_an_alarm_may_be_accepted_in_a_way_of_its_own() -> None:
    """By who keeps the incidents: a stuck database is overtaken all the same."""
    outbox, link, other = StuckOutbox(), AheadLink(), StuckOutbox()
    outbox.gate.set()
    other.gate.set()
    path = AlarmPath(outbox.accept, link.send_ahead, FastClock())
    await path.raise_alarm(fire(), other.accept)
    await path.drained()
    assert (len(outbox.taken), len(other.taken)) == (0, 1)


async def test_of_an_alarm_that_is_gathered_its_own_way_is_told_without_it() -> None:
    outbox, link = StuckOutbox(), AheadLink()
    outbox.gate.set()
    calls: list[int] = []

    async def accept(drafts: Sequence[Draft]) -> list[Place]:
        calls.append(len(drafts))
        return []

    path = AlarmPath(outbox.accept, link.send_ahead, FastClock())
    for _ in range(40):
        await path.raise_alarm(fire(), accept)
    await path.drained()
    assert len(calls) == 40
    assert 0 < sum(calls) < 40
