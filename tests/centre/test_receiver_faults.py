"""Receivers that die, databases that go away, and what a receiver may never do: acknowledge what is not committed."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from centre.connection import RECEIVE_MAXIMUM, Arrived, Connection
from centre.receiver import QUEUE_MAX, Pipeline
from centre.settings import load_settings
from centre.store import Store
from simulator.city import City
from tests.centre.conftest import make_city
from tests.centre.far_box import FarBox, Message, until

BULK = ["$share/centre/mektep/v1/+/events/record"]


def stored_bodies(city: City, school: str) -> list[bytes]:
    sql = "select e.body from event e join stream s on s.id = e.stream where s.school = %s order by e.sequence"
    if city.postgres:
        with psycopg.connect(city.postgres.url) as db:
            return [body.encode() for (body,) in db.execute(sql, (school,)).fetchall()]
    with sqlite3.connect(f"file:{city.folder}/centre.db?mode=ro", uri=True) as lite:
        found = lite.execute(sql.replace("%s", "?"), (school,)).fetchall()
    lite.close()
    return [body.encode() for (body,) in found]


@contextmanager
def pipeline_of(city: City, failed: Callable[[], None] = lambda: None) -> Iterator[Pipeline]:
    """A receiver's half, in this process."""
    made = Pipeline(load_settings(city.folder / "centre.toml"), "centre-2", BULK, failed)
    made.start()
    assert made.connection.subscribed.wait(20)
    yield made
    made.stop()


def deliver(box: FarBox, batches: list[Message], *, meanwhile: Callable[[int], None] = lambda _: None) -> None:
    """As a box does: what has no receipt is sent again after a while. Few are in flight at a time."""
    owed = dict(enumerate(batches))
    sent_s: dict[int, float] = {}
    deadline_s = time.monotonic() + 60
    while owed:
        assert time.monotonic() < deadline_s, f"{len(owed)} batches have no receipt"
        for at in list(owed)[:10]:
            if time.monotonic() - sent_s.get(at, -9.0) > 0.5:
                box.send(owed[at])
                sent_s[at] = time.monotonic()
        time.sleep(0.01)
        answered = {answers(receipt) for receipt in box.receipts()}
        owed = {at: batch for at, batch in owed.items() if batch.properties["first"] not in answered}
        meanwhile(len(batches) - len(owed))


def answers(receipt: Message) -> str:
    """The first sequence of the batch; nothing of it may be in doubt."""
    assert {part["verdict"] for part in receipt.body["verdicts"]} <= {"stored", "repeat"}
    return str(receipt.body["first"])


# --- after the COMMIT ----------------------------------------------------------------------------------------


def test_receipt_and_acknowledgement_come_after_the_commit(
    city: City, box: FarBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the moment of each, another connection looks whether the events are there."""
    seen: list[tuple[str, int]] = []
    real = Connection.publish, Connection.acknowledge

    def publish(self: Connection, *args: Any, **words: Any) -> None:
        seen.append(("receipt", len(stored_bodies(city, box.school))))
        real[0](self, *args, **words)

    def acknowledge(self: Connection, arrived: Arrived) -> None:
        seen.append(("puback", len(stored_bodies(city, box.school))))
        real[1](self, arrived)

    monkeypatch.setattr(Connection, "publish", publish)
    monkeypatch.setattr(Connection, "acknowledge", acknowledge)
    with pipeline_of(city):
        deliver(box, [box.batch("record", 1, box.events("record", 1, 5))])
        until(lambda: len(seen) == 2)
    assert seen == [("receipt", 5), ("puback", 5)]


def test_without_a_commit_the_broker_holds_the_rest_back(
    city: City, box: FarBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were anything acknowledged before, more than our Receive Maximum would come."""
    arrived: list[Arrived] = []
    asked = threading.Event()
    released = threading.Event()
    real_put, real_store = Pipeline._put, Store.store

    def put(self: Pipeline, one: Arrived) -> None:
        arrived.append(one)
        real_put(self, one)

    def store(self: Store, batches: Any) -> Any:
        asked.set()
        released.wait(30)
        return real_store(self, batches)

    monkeypatch.setattr(Pipeline, "_put", put)
    monkeypatch.setattr(Store, "store", store)
    count = RECEIVE_MAXIMUM + 20
    with pipeline_of(city):
        for sequence in range(1, count + 1):
            box.send(box.batch("record", sequence, box.events("record", sequence, sequence)))
        until(lambda: len(box.codes) == count)  # the broker has them all
        until(lambda: asked.is_set() and len(arrived) >= RECEIVE_MAXIMUM)
        assert (len(arrived), box.receipts()) == (RECEIVE_MAXIMUM, [])
        released.set()
        until(lambda: len(box.receipts()) == count)
    assert len(arrived) == count
    assert stored_bodies(city, box.school) == box.events("record", 1, count)


def test_what_a_former_connection_brought_is_not_acknowledged_on_this_one(city: City, box: FarBox) -> None:
    """Numbers of messages begin anew with each connection: the wrong one would be acknowledged."""
    acknowledged: list[int] = []
    with pipeline_of(city) as pipeline:
        connection = pipeline.connection
        connection._client.ack = lambda mid, _qos: acknowledged.append(mid)  # type: ignore[method-assign,assignment]
        box.send(box.batch("record", 1, box.events("record", 1, 1)))
        until(lambda: acknowledged)
        acknowledged.clear()
        now = Arrived("t", b"", {}, 7, 1, connection.number)
        connection.acknowledge(Arrived("t", b"", {}, 8, 1, connection.number - 1))
        connection.acknowledge(now)
    assert acknowledged == [7]


# --- bounded, and loud ---------------------------------------------------------------------------------------


def waiting(pipeline: Pipeline) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    while True:
        try:
            one = pipeline._arrived.get_nowait()
        except queue.Empty:
            return found
        assert one is not None
        found.append((one.connection, one.mid))


def test_what_waits_is_bounded_over_many_connections(city: City) -> None:
    """While the database is away for hours the line may break often; the boxes send again what is forgotten here."""
    pipeline = Pipeline(load_settings(city.folder / "centre.toml"), "centre-2", BULK, lambda: None)
    for connection in range(1, 30):
        for mid in range(1, RECEIVE_MAXIMUM + 1):
            pipeline._put(Arrived("t", b"", {}, mid, 1, connection))
        assert pipeline._arrived.qsize() <= QUEUE_MAX + RECEIVE_MAXIMUM
    found = waiting(pipeline)
    assert [one for one in found if one[0] == 29] == [(29, mid) for mid in range(1, RECEIVE_MAXIMUM + 1)]


def test_a_flood_of_qos_0_is_bounded(city: City) -> None:
    pipeline = Pipeline(load_settings(city.folder / "centre.toml"), "centre-2", BULK, lambda: None)
    for _ in range(10_000):
        pipeline._put(Arrived("t", b"", {}, 0, 0, 1))
    pipeline._put(Arrived("t", b"", {}, 1, 1, 1))
    found = waiting(pipeline)
    assert found == [(1, 0)] * QUEUE_MAX + [(1, 1)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_our_own_is_told_and_nothing_is_acknowledged(
    city: City, box: FarBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that went on without its thread would swallow its share of the city."""
    failed = threading.Event()

    def broken(_self: Store, _batches: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Store, "store", broken)
    with pipeline_of(city, failed.set):
        box.send(box.batch("record", 1, box.events("record", 1, 1)))
        assert failed.wait(20)
    monkeypatch.undo()
    with pipeline_of(city):
        deliver(box, [box.batch("record", 1, box.events("record", 1, 1))])
    assert stored_bodies(city, box.school) == box.events("record", 1, 1)


def test_stopping_is_no_failure(city: City) -> None:
    failed = threading.Event()
    with pipeline_of(city, failed.set):
        pass
    assert not failed.is_set()


# --- several receivers, killed -------------------------------------------------------------------------------


def log_of(city: City, name: str) -> Path:
    return city.folder.parent / f"{name}.log"


def test_receivers_share_and_one_that_is_killed_loses_and_doubles_nothing(city: City, box: FarBox) -> None:
    """kill -9 in the middle of the stream, again and again, each time another one."""
    batches = [box.batch("record", n, box.events("record", n, n + 9)) for n in range(1, 1_201, 10)]
    deaths = {20: 0, 50: 1, 80: 0}

    async def start(*which: int) -> None:
        for at in which:
            await city.receivers[at].start()

    def meanwhile(done: int) -> None:
        due = [at for at in deaths if at <= done]
        for at in due:
            victim = city.receivers[deaths.pop(at)]
            victim.kill()
            asyncio.run(victim.start())

    asyncio.run(start(0, 1))
    deliver(box, batches, meanwhile=meanwhile)
    assert deaths == {}
    assert stored_bodies(city, box.school) == box.events("record", 1, 1_200)
    (school,) = asyncio.run(status(city, box.school))
    assert school == {"through": 1_200, "highest": 1_200, "events": 1_200, "gaps": [], "conflicts": 0}
    for receiver in city.receivers:
        assert asyncio.run(receiver.stop()) == 0


async def status(city: City, school: str) -> list[dict[str, Any]]:
    found = await city.status(school)
    names = ("through", "highest", "events", "gaps", "conflicts")
    return [{name: lane[name] for name in names} for lanes in found["epochs"].values() for lane in lanes.values()]


# --- PostgreSQL goes away ------------------------------------------------------------------------------------


def test_postgresql_that_dies_costs_time_and_nothing_else() -> None:
    """Killed like in a power cut: no receipt meanwhile, and everything once it is back, without a second asking."""
    with make_city(postgres=True) as city:
        assert city.postgres is not None
        asyncio.run(city.receivers[0].start())
        box = FarBox("school-07")
        city.add_school(box.school, box.key_base64, city.folder.parent / "box")
        box.connect(city.port, city.folder.parent / "box")
        deliver(box, [box.batch("record", 1, box.events("record", 1, 3))])
        asyncio.run(city.postgres.kill())
        box.send(box.batch("record", 4, box.events("record", 4, 6)))
        until(lambda: "K-110" in log_of(city, "receiver-1").read_text())
        assert box.receipts(4) == []
        asyncio.run(city.postgres.start())
        until(lambda: box.receipts(4))
        assert stored_bodies(city, box.school) == box.events("record", 1, 6)
        box.close()
