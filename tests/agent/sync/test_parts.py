"""What of a picture is sent when: order, window, resume; and what each receipt tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.model import Severity
from agent.sync.flow import MOST_S, RTT_KEPT_S, Flow
from agent.sync.parts import PART_MIN_BYTES, STARTS_MAX, WINDOW_MAX, part_bytes, window
from agent.sync.topics import PART_MAX_BYTES, ByteRange, EvidenceVerdict
from tests.agent.outbox.box import records
from tests.agent.sync.parts_wire import Wire, covered, open_wire


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with open_wire(tmp_path) as made:
        yield made


# --- the way of one picture -------------------------------------------------------------------------------------------


async def test_every_byte_goes_once_and_the_file_is_removed(wire: Wire) -> None:
    kept = await wire.keep()
    sealed = (wire.folder / f"evidence/{kept.id}.age").read_bytes()
    places = await wire.deliver(kept)
    assert covered(places) == list(range(kept.bytes))
    assert b"".join(one.payload for one in wire.sent) == sealed
    assert {one.properties["sha256"] for one in wire.sent} == {kept.sha256}
    assert max(len(one.payload) for one in wire.sent) <= PART_MAX_BYTES
    assert list((wire.folder / "evidence").iterdir()) == []
    assert wire.flow.on_its_way == 0


async def test_the_first_receipt_is_waited_for(wire: Wire) -> None:
    await wire.keep()
    wire.flow.rate = 1e6
    assert len(await wire.send()) == 1
    assert await wire.send() == []


async def test_after_a_connection_one_part_tells_what_the_centre_has(wire: Wire) -> None:
    kept = await wire.keep(200_000)
    wire.flow.rate = 1e6
    first = await wire.send()
    wire.store(*first)
    wire.take(wire.receipt(kept))
    more = await wire.send()
    assert len(more) > 1
    wire.store(*more[:-1])  # the last one is lost with the line, and so are the receipts
    wire.parts.connected(wire.flow)
    assert wire.flow.on_its_way == 0
    again = await wire.send()
    assert len(again) == 1
    assert again[0][1] == first[0][2] + 1  # where it knew that something may be missing
    wire.take(wire.receipt(kept))
    rest = await wire.deliver(kept)
    assert rest[0] == more[-1]
    assert covered([*first, *more[:-1], *rest]) == list(range(kept.bytes))


async def test_a_centre_that_has_forgotten_gets_everything_again(wire: Wire) -> None:
    kept = await wire.keep(100_000)
    places = await wire.send()
    wire.store(*places)
    wire.take(wire.receipt(kept))
    wire.store(*await wire.send())
    wire.centre.clear()  # restored from last night
    wire.parts.connected(wire.flow)
    assert set(covered(await wire.deliver(kept))) == set(range(kept.bytes))
    assert (wire.evidence.shelf.find(kept.id), await records(wire.outbox, "evidence.lost")) == (None, [])


async def test_what_gave_way_on_its_way_is_not_remembered(wire: Wire) -> None:
    kept = await wire.keep(100_000)
    await wire.send()
    wire.evidence.shelf.lose(kept, "quota")
    await wire.evidence.drained()
    wire.parts.connected(wire.flow)
    assert (wire.parts._known, wire.flow.on_its_way) == ({}, 0)


async def test_a_receipt_for_the_whole_that_is_lost_is_asked_for_with_one_part(wire: Wire) -> None:
    kept = await wire.keep(30_000)
    wire.flow.rate = 1e6
    while wire.centre.get(kept.id) is None or wire.receipt(kept).verdict is EvidenceVerdict.PARTIAL:
        wire.store(*await wire.send())
        if wire.receipt(kept).verdict is EvidenceVerdict.PARTIAL:
            wire.take(wire.receipt(kept))
    for _ in range(2 * STARTS_MAX):  # the line is cut each time before the receipt comes
        wire.parts.connected(wire.flow)
        assert len(await wire.send()) == 1
    wire.take(wire.receipt(kept))
    await wire.evidence.drained()
    assert (wire.evidence.shelf.find(kept.id), await records(wire.outbox, "evidence.lost")) == (None, [])


async def test_a_broker_that_drops_the_last_receipt_is_asked_after_a_pause(wire: Wire) -> None:
    kept = await wire.keep(3_000)
    wire.store(*await wire.send())
    wire.take(wire.receipt(kept, "partial", have=[ByteRange(first=0, last=2_999)]))  # crossed by another receiver's
    wire.store(*await wire.send())
    wire.now_s += 100
    wire.parts.overdue(wire.flow, wire.now_s)
    wire.now_s += 100
    assert len(await wire.send()) == 1


async def test_receipts_that_cross_each_other_take_nothing_back(wire: Wire) -> None:
    kept = await wire.keep(100_000)
    wire.flow.rate = 1e6
    (first,) = await wire.send()
    wire.store(first)
    early = wire.receipt(kept)
    wire.take(early)
    second, *_ = await wire.send()
    wire.store(second)
    wire.take(wire.receipt(kept))
    wire.take(early)  # of another receiver
    assert all(one[1] > second[2] for one in await wire.send())


async def test_the_most_severe_picture_goes_first(wire: Wire) -> None:
    mild = await wire.keep(50_000, Severity.INFO, seed=1)
    begun = await wire.send()
    assert [one[0] for one in begun] == [mild.id]
    wire.store(*begun)
    severe = await wire.keep(50_000, Severity.FATAL, seed=2)
    wire.flow.rate = 1e6
    places = await wire.send()
    assert {one[0] for one in places} == {severe.id}
    wire.store(*places)
    await wire.deliver(severe)
    await wire.deliver(mild)
    assert wire.evidence.shelf.owed() is None


# --- how much ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "expected", "part"),
    [(0, 4_096, 4_096), (8_000, 4_096, 4_096), (40_000, 16_000, 8_000), (1e6, WINDOW_MAX, PART_MAX_BYTES)],
)
async def test_no_more_is_on_its_way_than_the_line_takes_in_a_moment(
    wire: Wire, rate: float, expected: int, part: int
) -> None:
    wire.flow.rate = rate
    assert (window(wire.flow), part_bytes(wire.flow)) == (expected, part)
    kept = await wire.keep(300_000)
    wire.store(*await wire.send())
    wire.take(wire.receipt(kept), way_s=60.0)  # so slow that the rate stays what it was
    wire.flow.rate = rate
    await wire.send()
    assert wire.flow.on_its_way <= max(expected, MOST_S * rate)  # a long way holds more


@pytest.mark.parametrize(
    ("rate", "flying", "room", "size"),
    [
        (88_000, 0, WINDOW_MAX, PART_MAX_BYTES),  # a window of 35,200
        (88_000, 2 * PART_MAX_BYTES, WINDOW_MAX, 0),  # what is left is too little
        (100_000, 2 * PART_MAX_BYTES, WINDOW_MAX, 40_000 - 2 * PART_MAX_BYTES),  # what is left is a part
        (100_000, 0, 5_000, 5_000),  # others fill the line
        (18_000, 0, WINDOW_MAX, 7_200),  # no two would fit: all of it
        (8_000, 0, PART_MIN_BYTES - 1, 0),
    ],
)
def test_a_part_takes_what_is_left_of_the_window(rate: float, flying: int, room: int, size: int) -> None:
    flow = Flow()
    flow.rate = rate
    assert part_bytes(flow, flying, room) == size


@pytest.mark.parametrize(("way_s", "expected"), [(0.0, 50_000), (0.1, 50_000), (0.2, 62_500), (0.7, WINDOW_MAX)])
def test_a_long_way_holds_more(way_s: float, expected: int) -> None:
    flow = Flow()
    flow.rate = 125_000
    assert window(flow, way_s) == expected


async def test_what_waits_on_a_full_line_is_not_taken_for_its_length(wire: Wire) -> None:
    """A video keeps the line full for longer than the flow remembers a shorter way; the connection remembers it."""
    kept = await wire.keep(300_000)
    for rtt_s in (0.25, 0.4, 0.8):
        wire.store(*await wire.send())
        wire.take(wire.receipt(kept), way_s=rtt_s)
        wire.now_s += 2 * RTT_KEPT_S
    assert wire.flow.rtt_s > 0.3
    assert wire.parts._way_s <= 0.25 + 0.01
    wire.parts.connected(wire.flow)
    assert wire.parts._way_s == 0.0


async def test_a_slow_line_is_learned_from_pictures_alone(wire: Wire) -> None:
    kept = await wire.keep(300_000)
    wire.flow.rate = 100_000.0
    for _ in range(40):
        places = await wire.send()
        wire.store(*places)
        if not wire.evidence.shelf.find(kept.id):
            break
        wire.take(wire.receipt(kept), way_s=wire.flow.on_its_way / 8_000)
    assert wire.flow.rate < 20_000
    assert wire.flow.on_its_way <= MOST_S * wire.flow.rate
