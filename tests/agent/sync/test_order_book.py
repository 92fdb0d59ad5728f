"""Each order of the book does what the contract says: ping, status, pace, resend; wrong arguments are refused."""

from __future__ import annotations

import time
from typing import Any

import pytest

from agent.model import Lane
from agent.sync import drain
from agent.sync import order_book as book
from agent.sync.order_list import ORDERS
from tests.agent.sync.box import Box, fire, taps, until
from tests.agent.sync.far_centre import FarCentre

OTHER_EPOCH = "00000000-0000-0000-0000-000000000000"


class Orders:
    """Gives one order after the other and waits for its answer."""

    def __init__(self, box: Box, centre: FarCentre) -> None:
        self.box, self.centre = box, centre
        self.number = 0

    async def give(self, name: str, **args: Any) -> dict[str, Any]:
        self.number += 1
        self.centre.order(name, self.number, self.box.outbox.epoch, args=args)
        await until(lambda: self.centre.answers and self.centre.answers[-1]["number"] == self.number)
        return self.centre.answers[-1]

    async def resend(self, lane: str, first: int, last: int, epoch: str = "") -> dict[str, Any]:
        return await self.give("resend", epoch=epoch or self.box.outbox.epoch, lane=lane, first=first, last=last)


@pytest.fixture
async def orders(box: Box, centre: FarCentre) -> Orders:
    box.start()
    await until(lambda: box.state == "online" and box.owes_nothing())
    return Orders(box, centre)


def test_the_book_is_closed(box: Box) -> None:
    found = book.order_book(box.outbox, box.link._drain, box.clock, dict, box.link._feed.again)
    assert set(found) == {name for name, room in ORDERS.items() if room == "agent/sync/order_book.py"}


async def test_ping_tells_the_time(orders: Orders) -> None:
    answer = await orders.give("ping")
    assert set(answer["result"]) == {"time"}
    assert answer["result"]["time"].startswith(time.strftime("%Y-", time.gmtime()))
    assert answer["result"]["time"].endswith("Z")


async def test_status_tells_what_mektep_status_prints(orders: Orders) -> None:
    assert (await orders.give("status"))["result"] == {"mood": "fine"}  # what the box was given to tell


# --- pace ---------------------------------------------------------------------------------------------------


async def test_pace_slows_records_but_no_alarm(orders: Orders) -> None:
    box, centre = orders.box, orders.centre
    assert (await orders.give("pace", bytes_per_s=100, for_s=600))["outcome"] == "done"
    before = len(centre.batches)
    await box.outbox.accept(taps(600))
    await until(lambda: len(centre.batches) > before)
    began_s = time.monotonic()
    await box.outbox.accept([fire()])
    await until(lambda: centre.numbers("alarm", box.outbox.epoch))
    assert time.monotonic() - began_s < 5
    assert not box.owes_nothing()
    assert (await orders.give("pace", bytes_per_s=0, for_s=0))["outcome"] == "done"  # lifts it
    await until(box.owes_nothing)


async def test_pace_ends_by_itself(orders: Orders) -> None:
    await orders.give("pace", bytes_per_s=1, for_s=0.5)
    await orders.box.outbox.accept(taps(200))
    await until(orders.box.owes_nothing, patience_s=10)


# --- resend -------------------------------------------------------------------------------------------------


async def test_resend_sends_exactly_the_range_again(orders: Orders) -> None:
    box, centre = orders.box, orders.centre
    await box.outbox.accept(taps(300))
    await until(box.owes_nothing)
    sent, settled = len(centre.batches), box.settled(Lane.RECORD)
    assert (await orders.resend("record", 11, 250))["result"] == {"events": 240}
    await until(lambda: sum(batch.last - batch.first + 1 for batch in centre.batches[sent:]) == 240)
    again = [number for batch in centre.batches[sent:] for number in range(batch.first, batch.last + 1)]
    assert again == list(range(11, 251))
    assert centre.repeats == 240  # the same bytes under the same keys
    assert box.settled(Lane.RECORD) == settled
    await until(lambda: box.link.snapshot().in_flight_bytes == 0)


@pytest.mark.parametrize(
    ("lane", "first", "last", "events"),
    [("record", 1, 1_000, 1), ("record", 500, 600, 0), ("alarm", 1, 9, 0), ("record", 9, 1, 0)],
)
async def test_resend_of_what_is_not_kept_says_how_many_are(
    orders: Orders, lane: str, first: int, last: int, events: int
) -> None:
    answer = await orders.resend(lane, first, last)
    assert (answer["outcome"], answer["result"]) == ("done", {"events": events})


async def test_resend_of_an_unknown_epoch_finds_nothing(orders: Orders) -> None:
    assert (await orders.resend("record", 1, 9, OTHER_EPOCH))["result"] == {"events": 0}


async def test_the_same_range_twice_leaks_nothing(orders: Orders) -> None:
    box, centre = orders.box, orders.centre
    await box.outbox.accept(taps(50))
    await until(box.owes_nothing)
    batches = len(centre.batches)
    centre.judge = lambda _batch: None
    for _ in range(3):
        await orders.resend("record", 1, 51)
    await until(lambda: len(centre.batches) >= batches + 3)
    centre.judge = lambda batch: [("repeat", batch.first, batch.last)]
    for batch in centre.batches[batches:]:
        centre.send_receipt(batch)
    await orders.give("ping")  # what was said before has arrived
    await until(lambda: box.link.snapshot().in_flight_bytes == 0)


async def test_too_many_ranges_fail_with_words(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "RESENDS_WAITING", 3)
    box = orders.box
    await orders.give("pace", bytes_per_s=1, for_s=600)
    await box.outbox.accept(taps(10))  # uses up what the pace allows
    await until(lambda: not box.link._drain.flow.room(box.link._drain.seconds()))
    for _ in range(3):
        assert (await orders.resend("record", 1, 2))["outcome"] == "done"
    answer = await orders.resend("record", 1, 2)
    assert (answer["outcome"], answer["reason"]) == ("failed", "too many ranges wait to be sent again")


# --- arguments ----------------------------------------------------------------------------------------------

BAD = [
    ("ping", {"now": True}),
    ("status", {"verbose": True}),
    ("pace", {}),
    ("pace", {"bytes_per_s": 1}),
    ("pace", {"bytes_per_s": -1, "for_s": 1}),
    ("pace", {"bytes_per_s": 1, "for_s": 604_801}),
    ("pace", {"bytes_per_s": "fast", "for_s": 1}),
    ("pace", {"bytes_per_s": 1, "for_s": 1, "lane": "alarm"}),
    ("resend", {"epoch": OTHER_EPOCH, "lane": "record", "first": 1}),
    ("resend", {"epoch": OTHER_EPOCH, "lane": "record", "first": 0, "last": 1}),
    ("resend", {"epoch": OTHER_EPOCH, "lane": "evidence", "first": 1, "last": 1}),
    ("resend", {"epoch": "all", "lane": "record", "first": 1, "last": 1}),
]


@pytest.mark.parametrize(("name", "args"), BAD)
async def test_wrong_arguments_are_refused(orders: Orders, name: str, args: dict[str, Any]) -> None:
    answer = await orders.give(name, **args)
    assert (answer["outcome"], answer["reason"]) == ("refused", "bad_args")


# --- reference data anew ------------------------------------------------------------------------------------


async def test_the_broker_is_asked_for_what_it_keeps_and_the_disk_is_read(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = orders.box
    await box.reference.put("recipients", 5, b'{"snapshot":[]}')
    asked: list[list[str]] = []
    monkeypatch.setattr(box.link._feed, "_listen", lambda topics: asked.append(list(topics)))
    box.link._feed._useless["cards"] = 3
    answer = await orders.give("reference.reload")
    assert answer["result"] == {"datasets": {"recipients": "5"}}
    assert asked == [box.link._feed.topics()]
    assert box.link._feed._useless == {}


async def test_a_disk_that_refuses_is_told(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(orders.box.reference, "read_again", full)
    answer = await orders.give("reference.reload")
    assert (answer["outcome"], "No space" in answer["reason"]) == ("failed", True)


async def test_that_an_answer_about_the_box_has_left_is_told(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(orders.box.link, "_told_answered", lambda: told.append("left"))
    await orders.give("ping")
    assert told == []  # a restart waits for its own answer, not for that of another order
    await orders.give("restart")
    assert told == ["left"]
