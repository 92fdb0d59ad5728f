"""A silent box: the centre tells those on duty, the city, and one after the other, until somebody has it."""

from __future__ import annotations

import json
import time

import pytest

from centre.answers import answer
from centre.database import Database
from centre.order_queue import OrderQueue
from centre.reference import Published
from centre.reports import Reports, Typed
from centre.settings import NotifySettings
from centre.silence import AHEAD_KEPT_NS, AHEAD_NS, watch
from centre.store import Store
from tests.centre.answered import answered
from tests.centre.batches import batch, stored
from tests.centre.conftest import Open
from tests.centre.far_box import event
from tests.centre.incident_box import ANNA, BORIS, alarms, said

S_NS = 10**9
RULES = NotifySettings(silent_s=10, remind_s=60)
ROSTER = {"duties": [{"staff": ANNA}, {"staff": BORIS, "rank": 2}]}
TYPED = Typed(school="school-07", kind="bullying", words="…", place="gym")


@pytest.fixture
def store(open_one: Open) -> Store:
    made = Store(open_one())
    made.add_school("school-07", bytes(32))
    Published(made.database).note("school-07", "duty", 1, json.dumps(ROSTER).encode())
    return made


def told(database: Database) -> list[tuple[int, str, str, str]]:
    return database.execute("select number, why, role, person from notification order by number, role")


def test_nobody_is_without_an_owner(store: Store) -> None:
    report = Reports(store.database).add(TYPED)
    began = report.made_ns
    assert watch(store.database, RULES, began + 9 * S_NS) == []
    assert watch(store.database, RULES, began + 10 * S_NS) == [report.id]
    assert watch(store.database, RULES, began + 11 * S_NS) == []
    assert watch(store.database, RULES, began + 71 * S_NS) == [report.id]
    assert watch(store.database, RULES, began + 140 * S_NS) == [report.id]
    assert watch(store.database, RULES, began + 210 * S_NS) == [report.id]
    assert told(store.database) == [
        (0, "box_silent", "city", ""), (0, "box_silent", "duty", ANNA),
        (1, "unanswered", "city", ""), (1, "unanswered", "deputy", BORIS),
        (2, "unanswered", "city", ""), (3, "unanswered", "city", ""),
    ]  # fmt: skip
    found = Reports(store.database).find(report.id)
    assert found is not None
    assert found.state == "box_silent"


def test_who_acknowledges_has_it(store: Store) -> None:
    report = Reports(store.database).add(TYPED)
    watch(store.database, RULES, report.made_ns + 10 * S_NS)
    answer(store.database, "school-07", report.id, "acknowledged", role="duty", account="anna", by=ANNA)
    assert watch(store.database, RULES, report.made_ns + 999 * S_NS) == []


def test_a_box_that_has_it_tells_itself(store: Store) -> None:
    report = Reports(store.database).add(TYPED)
    stored(store, alarms(1, said("opened", 1, incident=report.id, report=report.id)))
    assert watch(store.database, RULES, report.made_ns + 999 * S_NS) == []


def test_a_box_that_said_so_has_a_minute_for_its_event(store: Store) -> None:
    report = Reports(store.database).add(TYPED)
    queue = OrderQueue(store.database)
    (order,) = queue.of("school-07", report.id)
    queue.note_sent(order, 1, report.made_ns)
    queue.note_answer(order, answered("incident.report"), report.made_ns)
    assert watch(store.database, RULES, report.made_ns + 30 * S_NS) == []
    assert watch(store.database, RULES, report.made_ns + 61 * S_NS) == [report.id]


def test_a_fire_is_told_to_the_police_at_once(store: Store) -> None:
    Reports(store.database).add(Typed(school="school-07", kind="fire", words="дым"))
    watch(store.database, RULES, time.time_ns() + 11 * S_NS)
    assert [role for _, _, role, _ in told(store.database)] == ["city", "duty", "police"]


def test_a_school_without_a_roster_is_the_citys(store: Store) -> None:
    store.add_school("school-08", bytes(32))
    Reports(store.database).add(Typed(school="school-08", kind="other", words="…"))
    watch(store.database, RULES, time.time_ns() + 11 * S_NS)
    assert [(role, person) for _, _, role, person in told(store.database)] == [("city", "")]


def ahead(store: Store, name: str, type_: str, **data: object) -> None:
    store.note_ahead("school-07", name, json.dumps({"type": type_, "data": data}))


def test_an_alarm_whose_event_does_not_come_is_told_once(store: Store) -> None:
    ahead(store, "ahead-1", "kz.mektep.fire.zone.v1", state="fire", place="gym")
    ahead(store, "ahead-2", "kz.mektep.card.seen.v1")
    now_ns = time.time_ns()
    assert watch(store.database, RULES, now_ns + AHEAD_NS // 2) == []
    assert watch(store.database, RULES, now_ns + AHEAD_NS) == ["ahead-1"]
    assert watch(store.database, RULES, now_ns + 2 * AHEAD_NS) == []
    assert [role for _, _, role, _ in told(store.database)] == ["city", "duty", "police"]


def test_an_alarm_that_has_come_is_the_boxs(store: Store) -> None:
    ahead(store, "ahead-1", "kz.mektep.fire.zone.v1", state="fire")
    stored(store, batch("alarm", 1, [event("school-07", "alarm", 1, aheadid="ahead-1")]))
    ahead(store, "ahead-2", "kz.mektep.fire.zone.v1", state="fire")
    assert watch(store.database, RULES, time.time_ns() + AHEAD_KEPT_NS + S_NS) == []
