"""An order is verified, taken once, answered always: over a real broker, with the answer on disk before it leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.outbox.outbox import Outbox, open_outbox
from agent.sync.orders import BadArgs, Failed, Orders
from agent.sync.settings import LinkSettings
from agent.sync.topics import Answer, Order
from agent.wall_time import rfc3339
from tests.agent.sync.box import SMALL, Box, open_box, until
from tests.agent.sync.far_centre import FarCentre, sign, wire_time
from tests.clock import START_NS, FastClock

OTHER_EPOCH = "00000000-0000-0000-0000-000000000000"


async def answered(centre: FarCentre, name: str, number: int, epoch: str, **changes: Any) -> dict[str, Any]:
    """Give an order; its answer."""
    before = len(centre.answers)
    centre.order(name, number, epoch, **changes)
    await until(lambda: len(centre.answers) > before)
    return centre.answers[before]


@pytest.fixture
async def online(box: Box) -> Box:
    box.start()
    await until(lambda: box.state == "online")
    return box


# --- over the broker ----------------------------------------------------------------------------------------


async def test_an_answer_says_what_became_of_the_order(online: Box, centre: FarCentre) -> None:
    answer = await answered(centre, "ping", 18, online.outbox.epoch)
    assert answer == answer | {
        "order": "ping",
        "school": centre.school,
        "epoch": online.outbox.epoch,
        "number": 18,
        "outcome": "done",
        "reason": "",
    }
    assert centre.correlations == [b"18"]


REFUSED = [
    ("unknown", {"name": "dance"}, "unknown_order"),
    ("expired", {"expires": wire_time(in_s=-1)}, "expired"),
    ("without a time", {"expires": "soon"}, "expired"),
    ("of another school", {"school": "school-99"}, "other_school"),
    ("of another epoch", {"epoch": OTHER_EPOCH}, "other_epoch"),
    ("with an argument too many", {"args": {"loud": True}}, "bad_args"),
    ("with a wrong argument", {"name": "pace", "args": {"bytes_per_s": -1, "for_s": 1}}, "bad_args"),
]


@pytest.mark.parametrize(("changes", "reason"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
async def test_an_order_that_is_not_followed_is_answered_with_the_reason(
    online: Box, centre: FarCentre, changes: dict[str, Any], reason: str
) -> None:
    given = {"name": "ping", "epoch": online.outbox.epoch} | changes
    answer = await answered(centre, given.pop("name"), 1, given.pop("epoch"), **given)
    assert (answer["outcome"], answer["reason"]) == ("refused", reason)
    assert answer["result"] == {}


async def test_a_forged_order_gets_no_answer_and_is_counted(online: Box, centre: FarCentre) -> None:
    epoch = online.outbox.epoch
    centre.order("ping", 1, epoch, key=Ed25519PrivateKey.generate())
    await until(lambda: online.refused("unknown_key") == 1)
    centre.order("ping", 1, epoch, key=None)
    await until(lambda: online.refused("unknown_key") == 2)
    centre.order("ping", 1, epoch, key=centre.receipt_key)  # may sign receipts, not orders
    await until(lambda: online.refused("unknown_key") == 3)
    await answered(centre, "ping", 1, epoch)
    assert len(centre.answers) == 1


async def test_an_order_that_cannot_be_read_gets_no_answer_and_is_counted(online: Box, centre: FarCentre) -> None:
    topic = centre.prefix + "orders/ping"
    deep = b'{"order":"ping","args":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    payloads = [b"", b"{", b"[]", b'{"order":"ping"}', b"\xff", deep]
    for payload in payloads:
        centre.say("orders/ping", payload, sign(centre.order_key, "order", topic, payload))
    await until(lambda: online.refused("malformed") == len(payloads))
    centre.say("orders/ping", b" " * 1_048_577, {})
    await until(lambda: online.refused("oversized") == 1)
    await answered(centre, "ping", 1, online.outbox.epoch)
    assert len(centre.answers) == 1


async def test_an_order_on_the_topic_of_another_is_refused(online: Box, centre: FarCentre) -> None:
    centre.order("pace", 1, online.outbox.epoch, order="ping")
    await until(lambda: online.refused("other_topic") == 1)


async def test_a_flood_of_orders_is_bounded(online: Box, centre: FarCentre) -> None:
    for number in range(1, 200):
        centre.order("ping", number, online.outbox.epoch)
    await until(lambda: len(centre.answers) + online.refused("too_many_orders") == 199)
    assert {answer["outcome"] for answer in centre.answers} <= {"done", "refused"}
    assert {answer["reason"] for answer in centre.answers if answer["outcome"] == "refused"} <= {"busy"}
    assert online.running()


async def test_a_replayed_order_gets_the_stored_answer_and_a_lower_one_none_of_it(
    online: Box, centre: FarCentre
) -> None:
    epoch = online.outbox.epoch
    first = await answered(centre, "ping", 7, epoch)
    assert await answered(centre, "ping", 7, epoch) == first  # with the same time: nothing was done again
    lower = await answered(centre, "ping", 6, epoch)
    assert (lower["outcome"], lower["reason"]) == ("refused", "old_number")
    assert await answered(centre, "ping", 7, epoch) == first


async def test_the_last_number_outlives_a_restart(broker_port: int, tmp_path: Path, centre: FarCentre) -> None:
    settings = LinkSettings(broker=f"mqtt://127.0.0.1:{broker_port}", orders_key=centre.orders_key_base64)
    async with open_box(tmp_path, settings, centre.school) as box:
        box.start()
        await until(lambda: box.state == "online")
        first = await answered(centre, "ping", 7, box.outbox.epoch)
    async with open_box(tmp_path, settings, centre.school) as again:
        again.start()
        await until(lambda: again.state == "online")
        assert await answered(centre, "ping", 7, again.outbox.epoch) == first
        lower = await answered(centre, "ping", 6, again.outbox.epoch)
        assert lower["reason"] == "old_number"
        assert (await answered(centre, "ping", 8, again.outbox.epoch))["outcome"] == "done"


# --- by itself ----------------------------------------------------------------------------------------------


async def taken(orders: Orders, order: Order, *, again: bool = False) -> Answer:
    """An order from its arrival to its answer."""
    await orders.read()
    return orders.take(order, again=again) or await orders.carry_out(order)


class Desk:
    """Orders with handlers that do as the test says."""

    def __init__(self, outbox: Outbox) -> None:
        self.clock = FastClock()
        self.outbox = outbox
        self.done = 0
        handlers = {"ping": self._ping, "bad": self._bad, "fail": self._fail, "break": self._break}
        self.orders = Orders("school-07", outbox, self.clock, handlers)
        self.epoch = outbox.epoch

    async def take(self, name: str, number: int, **changes: Any) -> Answer:
        expires = rfc3339(START_NS + 60 * 10**9)
        order = Order(order=name, school="school-07", epoch=self.epoch, number=number, issued="", expires=expires)
        return await taken(self.orders, msgspec.structs.replace(order, **changes))

    async def _ping(self, _order: Order) -> dict[str, object]:
        self.done += 1
        return {"times": self.done}

    async def _bad(self, _order: Order) -> dict[str, object]:
        raise BadArgs("bytes_per_s is below 0")

    async def _fail(self, _order: Order) -> dict[str, object]:
        raise Failed("the drawer is stuck")

    async def _break(self, _order: Order) -> dict[str, object]:
        raise ZeroDivisionError("a defect")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_outbox(tmp_path / "o.db", school="school-07", clock=FastClock(), settings=SMALL) as outbox:
        yield Desk(outbox)


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("ping", "done", ""),
        ("bad", "refused", "bad_args"),
        ("fail", "failed", "the drawer is stuck"),
        ("break", "failed", "ZeroDivisionError: a defect"),
    ],
)
async def test_whatever_the_execution_does_is_an_outcome(desk: Desk, name: str, outcome: str, reason: str) -> None:
    answer = await desk.take(name, 1)
    assert (answer.outcome, answer.reason) == (outcome, reason)
    assert await desk.take(name, 1) == answer  # its number is used up
    assert (await desk.take("ping", 2)).outcome == "done"


async def test_an_order_is_carried_out_once(desk: Desk) -> None:
    for _ in range(5):
        assert (await desk.take("ping", 1)).result == {"times": 1}
    assert desk.done == 1


async def test_a_refused_order_does_not_use_up_its_number(desk: Desk) -> None:
    assert (await desk.take("ping", 9, expires=rfc3339(START_NS - 1))).reason == "expired"
    assert (await desk.take("ping", 5)).outcome == "done"


async def test_an_answer_that_is_not_on_disk_does_not_leave(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_body: object) -> None:
        raise OSError("disk is full")

    await desk.orders.read()
    monkeypatch.setattr(desk.outbox, "transact", full)
    with pytest.raises(OSError, match="full"):
        await desk.take("ping", 1)


async def test_an_order_that_is_past_its_time_when_its_turn_comes_is_not_carried_out(desk: Desk) -> None:
    order = Order(
        order="ping", school="school-07", epoch=desk.epoch, number=3, issued="", expires=rfc3339(START_NS + 10**9)
    )
    await desk.orders.read()
    assert desk.orders.take(order) is None
    desk.clock.now_ns = START_NS + 2 * 10**9
    assert (await desk.orders.carry_out(order)).reason == "expired"
    assert desk.done == 0
    assert (await desk.take("ping", 2)).outcome == "done"  # its number was not used up


async def test_an_unsynced_clock_expires_by_what_is_proven(desk: Desk) -> None:
    desk.clock.is_synced = False
    desk.clock.now_ns = START_NS + 10**18  # a false date beyond every expiry
    assert (await desk.take("ping", 1)).outcome == "done"
    desk.clock.prove(START_NS + 61 * 10**9)
    assert (await desk.take("ping", 2)).reason == "expired"


# --- forged and replayed -------------------------------------------------------------------------------------


async def test_forged_orders_are_told_as_such(online: Box, centre: FarCentre) -> None:
    epoch = online.outbox.epoch
    centre.order("ping", 1, epoch, key=Ed25519PrivateKey.generate())
    await until(lambda: online.forged == ["unknown_key"])
    topic = centre.prefix + "orders/ping"
    centre.say("orders/ping", b"{}", sign(centre.order_key, "order", topic, b"{ }"))
    await until(lambda: online.forged[1:] == ["bad_signature"])
    centre.order("pace", 1, epoch, order="ping")
    await until(lambda: online.forged[2:] == ["other_topic"])
    await answered(centre, "ping", 1, epoch, school="school-99")
    assert online.forged[3:] == ["other_school"]
    assert (await answered(centre, "ping", 1, epoch))["outcome"] == "done"
    assert len(online.forged) == 4


async def test_an_order_that_was_taken_and_comes_again_is_replayed(online: Box, centre: FarCentre) -> None:
    epoch = online.outbox.epoch
    await answered(centre, "ping", 5, epoch)
    await answered(centre, "ping", 7, epoch)
    await answered(centre, "ping", 7, epoch)
    await answered(centre, "ping", 6, epoch)  # of two senders the later number came first
    assert online.forged == []
    await answered(centre, "ping", 5, epoch)
    assert online.forged == ["old_number"]
    await answered(centre, "ping", 2, epoch, expires=wire_time(in_s=-1))
    assert online.forged == ["old_number"] * 2


async def test_what_the_broker_says_to_send_again_is_not_replayed(tmp_path: Path) -> None:
    told: list[str] = []
    clock = FastClock(START_NS)
    async with open_outbox(tmp_path / "outbox.db", school="school-07", clock=clock, settings=SMALL) as outbox:

        async def fine(_order: Order) -> dict[str, object]:
            return {}

        orders = Orders("school-07", outbox, clock, {"ping": fine}, told.append)
        given = [
            Order(
                order="ping", school="school-07", epoch=outbox.epoch, number=number, issued="",
                expires=rfc3339(START_NS + 10**9), args={},
            )
            for number in (1, 2)
        ]  # fmt: skip
        for order in given:
            await taken(orders, order)
        assert (await taken(orders, given[0], again=True)).reason == "old_number"
        assert told == []
        await taken(orders, given[0])
        assert told == ["old_number"]
