"""What is sent when, and what each receipt does, on a real outbox and a wire whose time is the test's.

Receipts here are believed already: signatures are tested in test_trust.py, the whole link in test_centre_link.py.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.model import Lane
from agent.outbox.outbox import Outbox, open_outbox
from agent.sync.drain import ALARM_BATCHES, TELEMETRY_EVERY, Drain
from agent.sync.flow import TIMEOUT_MIN_S, WINDOW_FIRST
from agent.sync.identity import load_identity
from agent.sync.link import State
from agent.sync.linkerror import LinkError
from agent.sync.mqtt import Outgoing
from agent.sync.parts import Parts
from agent.sync.topics import RangeVerdict, Receipt, Topics, Verdict
from agent.sync.trust import Refused
from tests.agent.evidence.pictures import evidence_of
from tests.agent.sync.box import SMALL, fire, health, taps
from tests.clock import FastClock

SCHOOL = "school-07"


class Wire:
    """A drain, its outbox, and all that was published."""

    def __init__(self, drain: Drain, outbox: Outbox, clock: FastClock) -> None:
        self.drain, self.outbox, self.clock = drain, outbox, clock
        self.sent: list[Outgoing] = []
        self.jitter = 0.0

    async def send(self, state: State = State.ONLINE) -> list[tuple[str, int, int]]:
        """What is published now: lane, first, last."""
        before = len(self.sent)
        await self.drain.send(state, self.sent.append)
        return [self.where(one) for one in self.sent[before:]]

    def where(self, one: Outgoing) -> tuple[str, int, int]:
        return one.topic.split("/")[-1], int(one.properties["first"]), int(one.properties["last"])

    def receipt(self, one: Outgoing, verdict: str = "stored", *ranges: tuple[str, int, int], **changes: Any) -> Receipt:
        lane, first, last = self.where(one)
        parts = ranges or ((verdict, first, last),)
        body = {
            "school": SCHOOL,
            "epoch": one.properties["epoch"],
            "lane": lane,
            "first": first,
            "last": last,
            "sha256": hashlib.sha256(one.payload).hexdigest(),
            "verdicts": [RangeVerdict(verdict=Verdict(word), first=begin, last=end) for word, begin, end in parts],
            "time": "",
        }
        return Receipt(**(body | changes))

    def settle_all(self) -> None:
        """Receipts for all that is in flight, in order."""
        for one in self.sent:
            lane, first, last = self.where(one)
            if (one.properties["epoch"], Lane[lane.upper()], first, last) in self.drain._flights:
                self.drain.take(self.receipt(one))

    async def drain_all(self, way_s: float = 0.01) -> list[tuple[str, int, int]]:
        """Send and receipt until nothing is left."""
        found, rounds = [], 0
        while (batch := await self.send()) and (rounds := rounds + 1) < 500:
            found += batch
            self.clock.advance(way_s)
            self.settle_all()
        return found


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    clock = FastClock()
    async with open_outbox(tmp_path / "o.db", school=SCHOOL, clock=clock, settings=SMALL) as outbox:
        identity, topics = load_identity(tmp_path), Topics(SCHOOL)
        parts = Parts(evidence_of(outbox, tmp_path, clock).shelf, identity, topics, lambda: made.jitter)
        drain = Drain(outbox, identity, topics, parts, clock, lambda: made.jitter, compressed=False)
        made = Wire(drain, outbox, clock)
        drain.connected(in_flight_max=100)
        yield made


# --- the order of lanes -------------------------------------------------------------------------------------


async def test_alarms_go_first(wire: Wire) -> None:
    await wire.outbox.accept([*taps(5), *health(2)])
    await wire.outbox.accept([fire(1), fire(2)])
    assert await wire.send() == [("alarm", 1, 2), ("record", 1, 6), ("telemetry", 1, 2)]


async def test_telemetry_gets_each_fourth_turn(wire: Wire) -> None:
    for _ in range(40):
        await wire.outbox.accept([*taps(20), *health(20)])
    lanes = [lane for lane, _, _ in await wire.drain_all(way_s=1.0)]
    while lanes[-1] == "telemetry":
        lanes.pop()  # records are all sent: what follows is no turn
    turns = [at for at, lane in enumerate(lanes, start=1) if lane == "telemetry"]
    assert len(turns) > 3
    assert all(turn % TELEMETRY_EVERY == 0 for turn in turns)


async def test_the_older_epoch_goes_first(wire: Wire) -> None:
    old = wire.outbox.epoch
    await wire.outbox.accept(taps(3))
    await wire.outbox.open_epoch("rewind")
    await wire.outbox.accept([*taps(2), fire()])
    await wire.drain_all()
    seen = [(one.properties["epoch"] == old, *wire.where(one)) for one in wire.sent]
    assert seen == [(False, "alarm", 1, 1), (True, "record", 1, 4), (False, "record", 1, 3)]


async def test_a_batch_is_the_join_of_the_stored_bytes_in_order(wire: Wire) -> None:
    await wire.outbox.accept(taps(500))
    await wire.drain_all()
    events = [event for one in wire.sent for event in json.loads(one.payload)]
    assert [int(event["sequence"]) for event in events] == list(range(1, 502))
    for one in wire.sent:
        _, first, last = wire.where(one)
        assert len(json.loads(one.payload)) == last - first + 1


# --- states -------------------------------------------------------------------------------------------------


async def test_before_the_welcome_only_alarms_leave(wire: Wire) -> None:
    await wire.outbox.accept([*taps(5), *health(2), fire()])
    assert await wire.send(State.GREETING) == [("alarm", 1, 1)]
    assert await wire.send(State.GREETING) == []


async def test_probing_sends_one_batch_at_a_time_and_alarms_all_the_same(wire: Wire) -> None:
    await wire.outbox.accept(taps(500))
    (probe,) = await wire.send(State.PROBING)
    assert probe[:2] == ("record", 1)
    assert await wire.send(State.PROBING) == []
    await wire.outbox.accept([fire()])
    assert await wire.send(State.PROBING) == [("alarm", 1, 1)]
    wire.settle_all()
    assert len(await wire.send(State.PROBING)) == 1


# --- the window ---------------------------------------------------------------------------------------------


async def test_bulk_stops_at_the_window_and_goes_on_with_receipts(wire: Wire) -> None:
    await wire.outbox.accept(taps(2_000))
    first = await wire.send()
    assert 1 < len(first) <= 5
    assert sum(len(one.payload) for one in wire.sent) <= WINDOW_FIRST
    assert await wire.send() == []
    wire.clock.advance(0.1)
    wire.settle_all()
    assert (await wire.send())[0][1] == first[-1][2] + 1


async def test_no_more_in_flight_than_the_broker_takes(wire: Wire) -> None:
    wire.drain.connected(in_flight_max=2)
    await wire.outbox.accept(taps(2_000))
    assert len(await wire.send()) == 2


async def test_alarms_overtake_a_full_window_but_are_bounded_too(wire: Wire) -> None:
    await wire.outbox.accept(taps(2_000))
    bulk = len(await wire.send())
    for number in range(ALARM_BATCHES + 5):
        await wire.outbox.accept([fire(number + 1)])
        await wire.send()
    assert len(wire.sent) - bulk == ALARM_BATCHES
    wire.settle_all()
    assert (await wire.send())[0] == ("alarm", ALARM_BATCHES + 1, ALARM_BATCHES + 5)  # those that waited, together


async def test_what_cannot_be_published_is_not_in_flight(wire: Wire) -> None:
    def broken(_one: Outgoing) -> None:
        raise LinkError("L-110", "gone", do="")

    await wire.outbox.accept(taps(5))
    with pytest.raises(LinkError):
        await wire.drain.send(State.ONLINE, broken)
    assert wire.drain.flow.on_its_way == 0
    wire.drain.connected(in_flight_max=100)
    assert await wire.send() == [("record", 1, 6)]


# --- what is overdue ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
async def test_a_batch_without_a_receipt_is_sent_again_after_a_jittered_timeout(wire: Wire, jitter: float) -> None:
    wire.jitter = jitter
    await wire.outbox.accept(taps(5))
    await wire.send()
    due_s = wire.drain.flow.timeout_s(jitter)
    assert TIMEOUT_MIN_S * (1 + jitter / 2) <= due_s
    assert wire.drain.next_due_s(wire.drain.seconds()) == pytest.approx(due_s)
    wire.clock.advance(due_s - 0.01)
    assert not wire.drain.overdue(wire.drain.seconds())
    assert await wire.send() == []
    wire.clock.advance(0.02)
    assert wire.drain.overdue(wire.drain.seconds())
    assert await wire.send() == [("record", 1, 6)]
    assert wire.sent[0].payload == wire.sent[1].payload
    assert wire.drain.counts.overdue == 1


async def test_what_is_overdue_is_sent_again_from_the_settled_prefix_on(wire: Wire) -> None:
    await wire.outbox.accept(taps(2_000))
    first = await wire.send()
    assert len(first) > 2
    wire.drain.take(wire.receipt(wire.sent[0]))
    wire.clock.advance(60)
    assert wire.drain.overdue(wire.drain.seconds())
    assert wire.drain.flow.on_its_way == 0
    again = await wire.send()
    assert again[0][1] == first[0][2] + 1
    assert [one[1] - 1 for one in again[1:]] == [one[2] for one in again[:-1]]


async def test_the_receipt_of_the_first_copy_settles_the_second(wire: Wire) -> None:
    await wire.outbox.accept(taps(5))
    await wire.send()
    wire.clock.advance(60)
    wire.drain.overdue(wire.drain.seconds())
    await wire.send(State.PROBING)
    wire.drain.take(wire.receipt(wire.sent[0]))
    assert not wire.outbox.owes()
    with pytest.raises(Refused, match="stale"):
        wire.drain.take(wire.receipt(wire.sent[1]))


async def test_a_receipt_that_comes_late_settles_and_makes_the_box_more_patient(wire: Wire) -> None:
    await wire.outbox.accept(taps(5))
    await wire.send()
    patient_s = wire.drain.flow.timeout_s(0.0)
    wire.clock.advance(patient_s + 3)
    wire.drain.overdue(wire.drain.seconds())
    with pytest.raises(Refused, match="stale"):
        wire.drain.take(wire.receipt(wire.sent[0], sha256="0" * 64))
    wire.drain.take(wire.receipt(wire.sent[0]))
    assert not wire.outbox.owes()
    assert await wire.send() == []
    assert wire.drain.flow.on_its_way == 0
    assert wire.drain.flow.timeout_s(0.0) > 3 * patient_s
    with pytest.raises(Refused, match="stale"):  # it counts once
        wire.drain.take(wire.receipt(wire.sent[0]))


async def test_alarms_that_go_on_are_settled_though_each_receipt_comes_late(wire: Wire) -> None:
    """A city keeps its centre busy: receipts take 20 s, more than a box waits, and what it sends again has grown."""
    coming = list[tuple[float, Outgoing]]()
    for second in range(60):
        await wire.outbox.accept([fire()])
        while coming and coming[0][0] <= second:
            with contextlib.suppress(Refused):  # of a copy
                wire.drain.take(wire.receipt(coming.pop(0)[1]))
        wire.drain.overdue(wire.drain.seconds())
        read = len(wire.sent)
        await wire.send(State.PROBING)
        coming += [(second + 20.0, one) for one in wire.sent[read:]]
        wire.clock.advance(1)
    assert wire.outbox.settled(wire.outbox.epoch, Lane.ALARM) >= 30


async def test_a_new_connection_owes_everything_again(wire: Wire) -> None:
    await wire.outbox.accept([*taps(5), fire()])
    before = await wire.send()
    assert await wire.send() == []
    wire.drain.connected(in_flight_max=100)
    assert wire.drain.flow.on_its_way == 0
    assert await wire.send() == before


async def test_a_line_that_became_slow_is_not_buried_under_copies(wire: Wire) -> None:
    """First 2 MB/s, then 20 KB/s without a word: what waits on the line must shrink to what it can carry."""
    await wire.outbox.accept(taps(15_000))
    await wire.outbox.accept(taps(15_000))
    rate, free_s, state, read = 2_000_000.0, 0.0, State.ONLINE, 0
    arriving: list[tuple[float, Outgoing]] = []
    waits_s: list[float] = []
    for tick in range(6_000):
        now_s = wire.drain.seconds()
        if tick == 100:
            rate = 20_000.0
        while arriving and arriving[0][0] <= now_s:
            try:
                wire.drain.take(wire.receipt(arriving.pop(0)[1]))
                state = State.ONLINE
            except Refused:
                pass  # of a copy
        if wire.drain.overdue(now_s):
            state = State.PROBING
        await wire.send(state)
        for one in wire.sent[read:]:
            free_s = max(free_s, now_s) + len(one.payload) / rate
            arriving.append((free_s + 0.02, one))
        read = len(wire.sent)
        waits_s.append(max(0.0, free_s - now_s))
        wire.clock.advance(0.02)
    assert wire.outbox.owes()  # there was more than it could carry, all the time
    assert max(waits_s[-1_000:]) < 1.5  # an alarm would wait so long behind what is on the line


# --- receipts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "0" * 64},
        {"last": 4, "verdicts": [RangeVerdict(verdict=Verdict.STORED, first=1, last=4)]},
        {"first": 2, "verdicts": [RangeVerdict(verdict=Verdict.STORED, first=2, last=6)]},
        {"lane": "telemetry"},
        {"epoch": "00000000-0000-0000-0000-000000000000"},
        {"verdicts": [RangeVerdict(verdict=Verdict.STORED, first=1, last=5)]},
        {"verdicts": [RangeVerdict(verdict=Verdict.STORED, first=1, last=7)]},
    ],
)
async def test_a_receipt_that_does_not_match_changes_nothing(wire: Wire, changes: dict[str, object]) -> None:
    await wire.outbox.accept(taps(5))
    await wire.send()
    on_its_way = wire.drain.flow.on_its_way
    with pytest.raises(Refused, match="stale"):
        wire.drain.take(wire.receipt(wire.sent[0], **changes))
    assert wire.drain.flow.on_its_way == on_its_way
    assert wire.outbox.settled(wire.outbox.epoch, Lane.RECORD) == 0
    assert (wire.drain.counts.stale, wire.drain.counts.receipts) == (1, 0)
    wire.drain.take(wire.receipt(wire.sent[0]))
    assert not wire.outbox.owes()


async def test_receipts_out_of_order_settle_what_they_name(wire: Wire) -> None:
    await wire.outbox.accept(taps(2_000))
    await wire.send()
    assert len(wire.sent) > 2
    for one in reversed(wire.sent[1:]):
        wire.drain.take(wire.receipt(one))
        assert wire.outbox.settled(wire.outbox.epoch, Lane.RECORD) == 0
    wire.drain.take(wire.receipt(wire.sent[0]))
    assert wire.outbox.settled(wire.outbox.epoch, Lane.RECORD) == wire.where(wire.sent[-1])[2]


async def test_each_verdict_of_one_receipt_is_done_and_counted(wire: Wire) -> None:
    old = wire.outbox.epoch
    await wire.outbox.accept(taps(9))
    await wire.send()
    parts = (("stored", 1, 4), ("repeat", 5, 6), ("quarantined", 7, 7), ("conflict", 8, 10))
    wire.drain.take(wire.receipt(wire.sent[0], "", *parts))
    assert wire.outbox.settled(old, Lane.RECORD) == 7  # what conflicts is not settled yet
    await wire.drain.repair()
    counts = wire.drain.counts
    assert (counts.events, counts.repeats, counts.quarantined, counts.conflicts) == (7, 2, 1, 3)
    assert wire.outbox.epoch != old
    assert wire.outbox.settled(old, Lane.RECORD) == 10
    await wire.drain_all()
    events = [event for one in wire.sent[1:] for event in json.loads(one.payload)]
    told = [(event["type"], event.get("reissueof", "")) for event in events]
    assert sorted(told) == sorted(
        [
            ("kz.mektep.quarantined.v1", ""),
            ("kz.mektep.epoch.opened.v1", ""),
            *(("kz.mektep.card.seen.v1", f"{old}/record/{number}") for number in (8, 9, 10)),
        ]
    )
    assert not wire.outbox.owes()


async def test_two_conflicts_open_one_epoch(wire: Wire) -> None:
    old = wire.outbox.epoch
    await wire.outbox.accept([*taps(2), fire(), *health(1)])
    await wire.send()
    for one in list(wire.sent):
        wire.drain.take(wire.receipt(one, "conflict"))
    await wire.drain.repair()
    new = wire.outbox.epoch
    await wire.drain_all()
    assert {one.properties["epoch"] for one in wire.sent} == {old, new}
    assert [wire.outbox.settled(old, lane) for lane in Lane] == [1, 3, 1]
    assert not wire.outbox.owes()
