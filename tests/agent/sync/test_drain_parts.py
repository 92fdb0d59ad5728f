"""Whose turn it is when pictures, videos and a backlog wait together, on a real outbox and a real folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.evidence import rows
from agent.evidence.store import Evidence
from agent.model import Severity
from agent.outbox.outbox import Outbox, open_outbox
from agent.sync.drain import Drain
from agent.sync.identity import load_identity
from agent.sync.link import State
from agent.sync.mqtt import Outgoing
from agent.sync.parts import PART_MIN_BYTES, Parts
from agent.sync.topics import Topics
from tests.agent.evidence.footage import HandFilms
from tests.agent.evidence.pictures import change, evidence_of, jpeg, somebody
from tests.agent.sync.box import SMALL, fire, health, taps
from tests.clock import FastClock

SCHOOL = "school-07"


class Wire:
    def __init__(self, drain: Drain, outbox: Outbox, evidence: Evidence, films: HandFilms) -> None:
        self.drain, self.outbox, self.evidence, self.films = drain, outbox, evidence, films
        self.clock = FastClock()
        self.sent: list[str] = []

    def publish(self, one: Outgoing) -> None:
        *_, kind, name = one.topic.split("/")
        self.sent.append(name if kind == "events" else kind)
        if kind == "evidence":
            kept = self.evidence.shelf.find(name)
            self.sent[-1] = (
                "?" if kept is None else kept.kind if not kept.incident else f"{kept.kind} of {kept.incident}"
            )

    async def send(self) -> list[str]:
        """What is published now, in its order; neighbours of one kind once."""
        await self.drain.send(State.ONLINE, self.publish)
        return [one for at, one in enumerate(self.sent) if at == 0 or self.sent[at - 1] != one]

    async def picture(self, incident: str = "") -> None:
        ids = await self.evidence.keep(change(jpeg(2_000, len(self.sent))), "gate", Severity.ERROR)
        await self.outbox.transact(lambda transaction: rows.belongs(transaction, ids.snapshot, incident))
        await self.evidence.drained()

    async def clip(self, size: int = 2_000) -> None:
        await self.evidence.keep_clip("gate", before_s=1, after_s=1, severity=Severity.ERROR, at=self.clock.now())
        self.films.footage[-1].give(size)
        self.films.footage[-1].end()
        await self.evidence.drained()


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    clock = FastClock()
    async with open_outbox(tmp_path / "o.db", school=SCHOOL, clock=clock, settings=SMALL) as outbox:
        identity, topics, films = load_identity(tmp_path), Topics(SCHOOL), HandFilms()
        evidence = evidence_of(outbox, tmp_path, clock, somebody, films=films)
        await evidence.begin()
        drain = Drain(
            outbox, identity, topics, Parts(evidence.shelf, identity, topics, lambda: 0.0), clock, lambda: 0.0,
            compressed=False,
        )  # fmt: skip
        drain.connected(in_flight_max=100)
        yield Wire(drain, outbox, evidence, films)


async def test_pictures_of_an_open_incident_go_before_the_backlog_and_videos_after_all(wire: Wire) -> None:
    wire.drain.flow.rate = 1e6
    await wire.outbox.accept([*taps(5), *health(2)])
    await wire.clip()
    await wire.picture()
    await wire.picture("fire-1")
    wire.evidence.shelf.incidents_changed(["fire-1"])
    await wire.evidence.drained()
    await wire.outbox.accept([fire()])
    assert await wire.send() == ["alarm", "snapshot of fire-1", "record", "telemetry", "snapshot", "clip"]


async def test_a_video_takes_what_is_left_of_the_window_only_if_no_batch_waits_for_it(wire: Wire) -> None:
    wire.drain.flow.rate = 50_000.0  # a window of 20,000, batches of 5,000, parts of 10,000
    await wire.clip(60_000)
    await wire.send()
    for known in wire.drain.parts._known.values():
        known.answered = True  # by the centre: it has nothing yet
    await wire.send()
    flow = wire.drain.flow
    assert flow.window - flow.on_its_way < PART_MIN_BYTES  # filled, though no batch would have found room
    waiting = len(wire.sent)
    await wire.outbox.accept(taps(100))
    flow.on_its_way -= PART_MIN_BYTES  # so much is free: less than a batch
    await wire.send()
    assert len(wire.sent) == waiting
