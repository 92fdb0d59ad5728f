"""Stored events become incidents on both databases: once, in any order of arrival, and never at an event's cost."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Iterable

import pytest

from centre.incident_projection import CAME_KEPT_NS, Projection
from centre.incidents import Incidents
from centre.reports import Reports, Typed
from centre.school_time import S_NS
from centre.store import Store
from tests.centre.batches import batch, stored
from tests.centre.conftest import Open
from tests.centre.far_box import EPOCH, OTHER_EPOCH, event
from tests.centre.incident_box import ANNA, ONE, PICTURE, TWO, ahead, alarms, life, said


@pytest.fixture
def store(open_one: Open) -> Store:
    made = Store(open_one())
    for school in ("school-07", "school-08"):
        made.add_school(school, bytes(32))
    return made


def rows(store: Store, table: str) -> int:
    return int(store.database.execute(f"select count(*) from {table}")[0][0])


def the_one(store: Store) -> tuple[object, ...]:
    """All that the row says but when it was written."""
    sql = (
        "select id, kind, place, certainty, drill, state, outcome, opened_at, step, why, answer_by, told, signs "
        "from incident"
    )
    (found,) = store.database.execute(sql)
    return found


WHOLE = (
    ONE, "fight", "hall", "certain", 0, "closed", "confirmed", "2026-11-23T08:12:01.000000Z", 0, "first", "", 1, 2,
)  # fmt: skip


def test_a_whole_life_is_one_row(store: Store) -> None:
    stored(store, alarms(1, *life()))
    assert the_one(store) == WHOLE
    assert [rows(store, table) for table in ("incident_step", "incident_evidence", "notification")] == [6, 1, 2]


def test_many_steps_of_one_incident_hold_up_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A box that calls for months, and then sends it all: what came before is not read again with each."""
    anew: list[str] = []
    make = Projection._make_anew

    def counted(self: Projection, school: str, incidents: Iterable[str], received_ns: int) -> None:
        found = list(incidents)
        anew.extend(found)
        make(self, school, found, received_ns)

    monkeypatch.setattr(Projection, "_make_anew", counted)
    told = [said("told", sequence, why="reminder", answer_by=str(sequence)) for sequence in range(11, 51)]
    stored(store, alarms(11, *told[:20]))
    stored(store, alarms(31, *told[20:]))
    assert anew == [ONE], "nothing was known of it"
    stored(store, alarms(1, *life()))
    assert anew == [ONE] * 2, "these come late, together"
    assert the_one(store)[5:7] == ("closed", "confirmed")


def test_in_whatever_order_it_arrives(store: Store) -> None:
    bodies = list(enumerate(life(), 1))
    random.Random(4).shuffle(bodies)
    for sequence, body in bodies:
        stored(store, alarms(sequence, body))
    assert the_one(store) == WHOLE


def test_twice_is_once(store: Store) -> None:
    for _ in range(2):
        stored(store, alarms(1, *life()))
    assert the_one(store) == WHOLE
    assert rows(store, "notification") == 2


def test_issued_again_in_another_epoch_it_is_the_same_step(store: Store) -> None:
    stored(store, alarms(1, *life()[:2]))
    again = [
        json.dumps(json.loads(said(what, at)) | {
            "source": f"/schools/school-07/{OTHER_EPOCH}/alarm", "id": f"{at + 5:019d}", "sequence": f"{at + 5:019d}",
            "reissueof": f"{EPOCH}/alarm/{at}",
        }).encode() for at, what in enumerate(("opened", "told"), 1)
    ]  # fmt: skip
    stored(store, alarms(6, *again, epoch=OTHER_EPOCH))
    assert (rows(store, "event"), rows(store, "incident_step"), rows(store, "notification")) == (4, 2, 2)


def test_a_copy_counts_until_the_event_comes(store: Store) -> None:
    store.note_ahead("school-07", "ahead-1", ahead("told"))
    store.note_ahead("school-07", "ahead-1", ahead("told"))
    assert the_one(store)[5] == "told"
    (notified,) = {store.database.execute("select count(*) from notification")[0]}
    assert store.database.execute("select stream from incident_step") == [(0,)]
    stored(store, alarms(1, json.dumps(json.loads(said("told", 1)) | {"aheadid": "ahead-1"}).encode()))
    assert (rows(store, "incident_step"), rows(store, "notification")) == (1, notified[0])
    assert store.database.execute("select stream > 0, sequence from incident_step") == [(True, 1)]
    assert Incidents(store.database).ahead() == []


def test_an_alarm_that_came_ahead_is_shown_until_it_comes(store: Store) -> None:
    fire = {"sensor": "fire-panel", "zone": 3, "state": "fire"}
    copy = json.loads(event("school-07", "alarm", 1, type="kz.mektep.fire.zone.v1", data=fire)) | {"id": "ahead-2"}
    store.note_ahead("school-07", "ahead-2", json.dumps(copy))
    (found,) = Incidents(store.database).ahead("school-07")
    assert (found.type, found.data["zone"]) == ("kz.mektep.fire.zone.v1", 3)
    assert Incidents(store.database).ahead("school-08") == []
    stored(store, batch("alarm", 1, [event("school-07", "alarm", 1, type="kz.mektep.fire.zone.v1", aheadid="ahead-2")]))
    assert Incidents(store.database).ahead() == []


def test_that_a_copy_s_event_came_is_kept_for_a_month(store: Store) -> None:
    def comes(number: int, at_ns: int) -> None:
        fire = event("school-07", "alarm", number, type="kz.mektep.fire.zone.v1", aheadid=f"ahead-{number}")
        stored(store, batch("alarm", number, [fire]))
        store.database.execute("update ahead_came set came_ns = ? where id = ?", (at_ns, f"ahead-{number}"))

    now_ns = time.time_ns()
    comes(1, now_ns - CAME_KEPT_NS - S_NS)
    comes(2, now_ns - CAME_KEPT_NS + 60 * S_NS)
    comes(3, now_ns)
    assert store.database.execute("select id from ahead_came order by id") == [("ahead-2",), ("ahead-3",)]


def test_what_cannot_be_read_is_stored_and_makes_nothing(store: Store) -> None:
    bad = [said("told", 1, to=7), said("opened", 2, kind="party"), said("closed", 3, signs="many")]
    assert stored(store, alarms(1, *bad)) == [[("stored", 1, 3)]]
    assert rows(store, "incident") == 0


def test_what_conflicts_makes_no_step(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1)))
    assert stored(store, alarms(1, said("opened", 1, incident=TWO))) == [[("conflict", 1, 1)]]
    assert the_one(store)[0] == ONE


def test_each_addressee_is_to_know_once(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1), said("told", 2), said("told", 3, why="reminder")))
    found = store.database.execute("select role, person, why, state from notification order by why, role")
    assert found == [
        ("duty", ANNA, "first", "new"), ("police", "", "first", "new"),
        ("duty", ANNA, "reminder", "new"), ("police", "", "reminder", "new"),
    ]  # fmt: skip


def test_a_report_is_taken_by_its_incident_or_by_the_one_it_joins(store: Store) -> None:
    reports = Reports(store.database)
    first, second = (reports.add(Typed(school="school-07", kind="bullying", words="…")) for _ in range(2))
    stored(store, alarms(1, said("opened", 1, incident=first.id, report=first.id)))
    stored(store, alarms(2, said("joined", 2, incident=first.id, report=second.id)))
    found = [reports.find(one.id) for one in (first, second)]
    assert [one.incident for one in found if one] == [first.id, first.id]
    assert reports.waiting() == []
    other = reports.add(Typed(school="school-08", kind="other", words="…"))
    stored(store, alarms(3, said("opened", 3, incident=other.id, report=other.id)))  # another school's box says so
    assert [one.id for one in reports.waiting()] == [other.id]


CAMERA = {"camera": "hall", "place": "hall", "state": "clear", "picture_age_s": 1, "clock_off_s": None}


def cameras(sequence: int, state: str, epoch: str = EPOCH) -> bytes:
    data = {"cameras": [CAMERA | {"state": state}]}
    return event("school-07", "telemetry", sequence, epoch=epoch, type="kz.mektep.camera.list.v1", data=data)


def test_the_newest_list_of_cameras_is_kept(store: Store) -> None:
    for sequence, state in ((2, "covered"), (1, "clear")):
        stored(store, batch("telemetry", sequence, [cameras(sequence, state)]))
    ((sequence, body),) = store.database.execute("select sequence, body from camera_list")
    assert (sequence, "covered" in body) == (2, True)
    stored(store, batch("telemetry", 1, [cameras(1, "dark", OTHER_EPOCH)], epoch=OTHER_EPOCH))
    assert "dark" in store.database.execute("select body from camera_list")[0][0]
    stored(store, batch("telemetry", 3, [cameras(3, "lost")]))  # the former epoch's, late
    assert "dark" in store.database.execute("select body from camera_list")[0][0]


def view(sequence: int, state: str, **data: object) -> bytes:
    said_ = {"session": TWO, "camera": "hall", "state": state, "by": "police-1", "host": "media.example"} | data
    return event("school-07", "record", sequence, type="kz.mektep.live.view.v1", data=said_)


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2])))
def test_a_live_view_has_ended_in_whatever_order_that_is_told(store: Store, order: tuple[int, ...]) -> None:
    bodies = {1: view(1, "started"), 2: view(2, "ended", reason="stopped", seconds=9, bytes=1000)}
    for sequence in order:
        stored(store, batch("record", sequence, [bodies[sequence]]))
    found = store.database.execute(
        "select state, account, reason, seconds, bytes, started_at <> '', ended_at <> '' from live_session"
    )
    assert found == [("ended", "police-1", "stopped", 9, 1000, True, True)]


def test_two_receivers_at_once_lose_no_step(open_one: Open) -> None:
    """The same alarms from two boxes' epochs and ahead, at the same time: each step once, the row from all of them."""
    stores = [Store(open_one()) for _ in range(3)]
    bodies = life()
    jobs = [
        lambda: [stored(stores[0], alarms(at, body)) for at, body in enumerate(bodies, 1)],
        lambda: [stored(stores[1], alarms(at, body)) for at, body in reversed(list(enumerate(bodies, 1)))],
        lambda: [stores[2].note_ahead("school-07", f"ahead-{at}", body.decode()) for at, body in enumerate(bodies)],
    ]
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert the_one(stores[0]) == WHOLE
    assert (rows(stores[0], "incident_step"), rows(stores[0], "notification")) == (6, 2)


def test_evidence_of_an_incident_is_named(store: Store) -> None:
    stored(store, alarms(1, said("opened", 1), said("evidence", 2, blurred=TWO)))
    found = store.database.execute("select evidence, kind, camera from incident_evidence order by kind")
    assert found == [(TWO, "blurred", "hall-camera"), (PICTURE, "snapshot", "hall-camera")]
