"""An alarm reaches the outbox at once, goes ahead of it when it is stuck, and is never dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from agent.errors import AgentError
from agent.events import ContactChanged, Flapping, ZoneChanged, draft
from agent.model import Draft, Lane, Moment, Place, Severity
from agent.paths import alarm as alarm_path
from agent.paths.alarm import Accept, AlarmPath
from agent.paths.flapping import WINDOW_S
from tests.clock import FastClock


def fire(zone: int = 1) -> Draft:
    data = ZoneChanged(sensor="panel", zone=zone, place="gym", state="fire", before="", codes=[37], words="fire")
    return draft(data, Moment(1, 1, True), severity=Severity.FATAL, source=f"panel/{zone}")


def bang() -> Draft:
    data = ContactChanged(source="door", contact="", state="active", before="idle")
    return draft(data, Moment(1, 1, True), source="door/contact")


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


async def damaged(_drafts: Sequence[Draft]) -> list[Place]:
    raise AgentError("D-102", "the outbox's writer has ended", do="Nothing; systemd restarts the agent.")


async def alone(_drafts: Sequence[Draft]) -> list[Place]:
    """Its incident has failed by itself (M-104): the centre tells persons, because no event names the copy."""
    return []


@pytest.mark.parametrize("accept", [damaged, alone], ids=["the database refuses it", "nobody on the box tells of it"])
@pytest.mark.parametrize("offline", [False, True], ids=["online", "online later"])
async def test_where_the_copy_is_all_there_is_it_is_tried_until_it_has_gone(
    accept: Accept, monkeypatch: pytest.MonkeyPatch, *, offline: bool
) -> None:
    monkeypatch.setattr(alarm_path, "UNSENT_AGAIN_S", 0.01)
    link = AheadLink(online=not offline)
    path = AlarmPath(StuckOutbox().accept, link.send_ahead, FastClock())
    await path.raise_alarm(fire(), lambda: accept)
    if offline:
        async with asyncio.timeout(5):
            while len(link.sent) < 3:
                link.arrived.clear()
                await link.arrived.wait()
        assert (path.waiting(), path.sent_ahead) == (1, 0)
        link.online = True
    tried = len(link.sent)
    await path.drained()
    assert len(link.sent) == tried + 1
    assert len({one.ahead_id for one in link.sent}) == 1
    assert path.sent_ahead == 1


async def test_a_door_that_bangs_while_the_disk_is_stuck_keeps_no_fire_back() -> None:
    """For hours: what waits is bounded for each source, nobody is made to wait, and all of it is told in the end."""
    clock, outbox, link = FastClock(), StuckOutbox(), AheadLink()
    path = AlarmPath(outbox.accept, link.send_ahead, clock)
    for _ in range(600):
        await path.raise_alarm(bang())
        clock.advance(7.0)
        await path.tell_gathered()
    assert path.waiting() == alarm_path.WAITING_OF_SOURCE
    for zone in range(1, 41):
        await path.raise_alarm(fire(zone))
    assert path.waiting() == alarm_path.WAITING_OF_SOURCE + 40
    outbox.gate.set()
    await path.drained()
    assert sum(one.severity is Severity.FATAL for one in outbox.taken) == 40
    clock.advance(WINDOW_S)
    await path.tell_gathered()
    await path.drained()
    doors = [one.data for one in outbox.taken if one.source == "door/contact"]
    assert sum(one.count if isinstance(one, Flapping) else 1 for one in doors) == 600


async def test_a_fire_passes_though_the_source_has_filled_its_own_room() -> None:
    clock, outbox, link = FastClock(), StuckOutbox(), AheadLink()
    path = AlarmPath(outbox.accept, link.send_ahead, clock)
    for _ in range(100):
        await path.raise_alarm(msgspec.structs.replace(fire(), severity=Severity.ERROR))  # a fault, and another
        clock.advance(WINDOW_S)
        await path.tell_gathered()
    before = path.waiting()
    await path.raise_alarm(fire())
    assert path.waiting() == before + 1


async def test_a_zone_on_fire_that_flutters_while_the_disk_is_stuck_is_bounded_too() -> None:
    clock, outbox, link = FastClock(), StuckOutbox(), AheadLink()
    path = AlarmPath(outbox.accept, link.send_ahead, clock)
    accepted: list[int] = []

    async def accept(drafts: Sequence[Draft]) -> list[Place]:
        accepted.append(len(drafts))
        return await outbox.accept(drafts)

    for _ in range(200):
        await path.raise_alarm(fire(), lambda: accept)
        clock.advance(15.0)
    assert path.waiting() == alarm_path.WAITING_OF_SOURCE
    outbox.gate.set()
    await path.drained()
    assert accepted == [1] * alarm_path.WAITING_OF_SOURCE


async def test_an_alarm_may_be_accepted_in_a_way_of_its_own() -> None:
    """By who keeps the incidents: a stuck database is overtaken all the same."""
    outbox, link, other = StuckOutbox(), AheadLink(), StuckOutbox()
    outbox.gate.set()
    other.gate.set()
    path = AlarmPath(outbox.accept, link.send_ahead, FastClock())
    await path.raise_alarm(fire(), lambda: other.accept)
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
        await path.raise_alarm(fire(), lambda: accept)
        await path.drained()
    assert len(calls) == 40
    assert 0 < sum(calls) < 40
