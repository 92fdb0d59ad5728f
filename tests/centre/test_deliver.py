"""Orders and messages that must arrive, with a real broker, a real box on the wire and a real gateway.

The sender is its own process, made by the centre's own command and killed as the power would; the receiver beside it
takes the answers in.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from centre.answers import answer
from centre.database import open_database
from centre.deliver import Deliverer
from centre.incidents import Incidents
from centre.order_queue import OrderQueue, Queued
from centre.reports import Report, Reports, Typed
from centre.settings import NotifySettings, Settings, load_settings
from centre.store import Store
from simulator.city import City
from simulator.processes import Process
from tests.centre.batches import batch
from tests.centre.conftest import NUMBERS
from tests.centre.far_box import EPOCH, FarBox, Message, until
from tests.centre.gateway import open_gateway
from tests.centre.incident_box import ONE, said

SECRET = "0123456789abcdef"


pytestmark = pytest.mark.usefixtures("receiver")


@pytest.fixture
def sender(city: City, tmp_path: Path) -> Iterator[Process]:
    made = Process(f"deliver-{next(NUMBERS)}", city.command("deliver"), tmp_path, ready="READY")
    asyncio.run(made.start())
    yield made
    asyncio.run(made.stop())


@pytest.fixture
def store(city: City) -> Iterator[Store]:
    made = Store(open_database(load_settings(city.folder / "centre.toml").database))
    yield made
    made.database.close()


def orders(box: FarBox, name: str = "incident.report") -> list[Message]:
    return box.heard_on(f"orders/{name}")


def answered(box: FarBox, order: Message, outcome: str = "done", reason: str = "") -> None:
    body = {
        "order": order.body["order"], "school": box.school, "epoch": EPOCH, "number": order.body["number"],
        "outcome": outcome, "reason": reason, "result": {"state": "told"}, "time": "2026-11-23T08:00:03.000000Z",
    }  # fmt: skip
    box.send(box.message("answers", "answer", body))


def born(box: FarBox, store: Store) -> None:
    box.send(box.birth())
    until(lambda: store.epoch_of(box.school) == EPOCH)


def typed(box: FarBox, store: Store) -> Report:
    return Reports(store.database).add(Typed(school=box.school, kind="bullying", words="…"))


def queued(store: Store, report: Report) -> Queued:
    return OrderQueue(store.database).of(report.school, report.id)[0]


def test_a_report_reaches_the_box_and_its_answer_comes_back(box: FarBox, store: Store, sender: Process) -> None:
    born(box, store)
    report = typed(box, store)
    until(lambda: orders(box))
    (order,) = orders(box)
    assert order.body["args"] == {
        "incident": report.id, "kind": "bullying", "place": "", "certain": False, "drill": False, "report": report.id,
    }  # fmt: skip
    answered(box, order)
    until(lambda: queued(store, report).state == "done")
    assert queued(store, report).result == {"state": "told"}


def test_an_answer_follows_the_report_and_the_boxs_word_is_kept(box: FarBox, store: Store, sender: Process) -> None:
    born(box, store)
    report = typed(box, store)
    number = answer(store.database, box.school, report.id, "acknowledged", role="city", account="aliya")
    until(lambda: orders(box))
    assert orders(box, "incident.answer") == []
    answered(box, orders(box)[0])
    until(lambda: orders(box, "incident.answer"))
    answered(box, orders(box, "incident.answer")[0], "failed", "somebody else has acknowledged it")
    until(lambda: not (found := OrderQueue(store.database).find(number)) or found.state == "failed")
    found = OrderQueue(store.database).find(number)
    assert found is not None
    assert found.error == "somebody else has acknowledged it"


def test_a_box_that_comes_later_gets_it_once(city: City, store: Store, sender: Process, tmp_path: Path) -> None:
    """Nobody has ever seen it; the report waits for its birth."""
    box = FarBox(f"school-{next(NUMBERS)}")
    city.add_school(box.school, box.key_base64, tmp_path / "box")
    report = typed(box, store)
    until(lambda: queued(store, report).error == "K-108 never seen")
    box.connect(city.port, tmp_path / "box")
    born(box, store)
    until(lambda: orders(box))
    answered(box, orders(box)[0])
    until(lambda: queued(store, report).state == "done")
    assert len(orders(box)) == 1
    box.close()


def test_what_the_box_calls_expired_is_ordered_afresh(box: FarBox, store: Store, sender: Process) -> None:
    born(box, store)
    report = typed(box, store)
    until(lambda: orders(box))
    answered(box, orders(box)[0], "refused", "expired")
    until(lambda: len(orders(box)) == 2)
    first, second = orders(box)
    assert second.body["number"] > first.body["number"]
    assert second.body["args"] == first.body["args"]
    answered(box, second)
    until(lambda: queued(store, report).state == "done")


@pytest.mark.parametrize("turn", range(3))
def test_killed_in_the_middle_it_goes_on(city: City, box: FarBox, store: Store, tmp_path: Path, turn: int) -> None:
    born(box, store)
    first = Process(f"killed-{turn}", city.command("deliver"), tmp_path, ready="READY")
    asyncio.run(first.start())
    reports = [typed(box, store) for _ in range(4)]
    until(lambda: len(orders(box)) > turn)
    first.kill()
    store.database.execute("update order_due set next_ns = 0 where state in ('due', 'sent')")  # its lease has ended
    second = Process(f"again-{turn}", city.command("deliver"), tmp_path, ready="READY")
    asyncio.run(second.start())
    until(lambda: {one.id for one in reports} <= {one.body["args"]["incident"] for one in orders(box)})
    told: set[int] = set()

    def all_done() -> bool:
        """Also what the second one sends again of the first one's is answered."""
        for order in list(orders(box)):
            if order.body["number"] not in told:
                told.add(order.body["number"])
                answered(box, order)
        return all(queued(store, one).state == "done" for one in reports)

    until(all_done)
    asyncio.run(second.stop())


def notifying(city: City, url: str) -> Settings:
    (city.folder / "secret").write_text(SECRET)
    found = load_settings(city.folder / "centre.toml")
    return msgspec.structs.replace(found, notify=NotifySettings(url=url, secret_file="secret", language="en"))


def test_a_message_comes_once_also_when_the_gateway_stumbles(city: City, box: FarBox, store: Store) -> None:
    with open_gateway() as gateway:
        gateway.codes = [503, 0]
        deliverer = Deliverer(notifying(city, gateway.url), lambda: None)
        deliverer.start()
        bodies = [said("opened", 1, school=box.school), said("told", 2, school=box.school, to=[{"role": "police"}])]
        store.store([batch("alarm", 1, bodies, box=box)])
        until(lambda: gateway.heard and box.school in {one["school"] for one in gateway.heard} and not gateway.codes)
        until(lambda: [one.state for one in Incidents(store.database).notifications_of(box.school, ONE)] == ["sent"])
        deliverer.stop()
    ours = [at for at, body in enumerate(gateway.bodies) if json.loads(body)["school"] == box.school]
    assert ours
    assert len({gateway.headers[at]["Idempotency-Key"] for at in ours}) == 1
    assert len({gateway.bodies[at] for at in ours}) == 1


def test_a_slow_gateway_holds_up_no_order(city: City, box: FarBox, store: Store) -> None:
    born(box, store)
    with open_gateway() as gateway:
        gateway.codes = [0] * 50
        deliverer = Deliverer(notifying(city, gateway.url), lambda: None)
        deliverer.start()
        began_s = time.monotonic()
        typed(box, store)
        deliverer.hurry()
        until(lambda: orders(box))
        assert time.monotonic() - began_s < 10
        deliverer.stop()
