"""Births, alarms sent ahead, refusals, schools, orders: what the store keeps beside the events, on both databases."""

from __future__ import annotations

import json
import threading
from typing import Any

import msgspec
import pytest

from centre.store import Store
from centre.wire import Birth, StoredLane
from tests.centre.answered import answered
from tests.centre.batches import events, stored
from tests.centre.conftest import Open
from tests.centre.far_box import EPOCH, OTHER_EPOCH, SESSION


@pytest.fixture
def store(open_one: Open) -> Store:
    return Store(open_one())


def birth(**changes: Any) -> Birth:
    return Birth(**({"state": "online", "school": "school-07", "session": SESSION, "epoch": EPOCH} | changes))


def test_a_welcome_is_told_of_each_lane_of_each_epoch(store: Store) -> None:
    stored(store, events(1, 3), events(5, 6))
    assert store.stored("school-07", [EPOCH, OTHER_EPOCH]) == [
        StoredLane(EPOCH, "alarm", 0, 0),
        StoredLane(EPOCH, "record", 3, 6),
        StoredLane(EPOCH, "telemetry", 0, 0),
        StoredLane(OTHER_EPOCH, "alarm", 0, 0),
        StoredLane(OTHER_EPOCH, "record", 0, 0),
        StoredLane(OTHER_EPOCH, "telemetry", 0, 0),
    ]
    assert store.stored("school-08", [EPOCH])[1] == StoredLane(EPOCH, "record", 0, 0)


def test_the_last_birth_or_death_is_kept(store: Store) -> None:
    assert store.epoch_of("school-07") == ""
    store.note_births([("school-07", birth(), "{}")])
    store.note_births([("school-07", birth(state="offline", epoch=OTHER_EPOCH), '{"a":1}')])
    assert store.epoch_of("school-07") == OTHER_EPOCH
    ((state, session, body),) = store.database.execute("select state, session, body from presence")
    assert (state, session, body) == ("offline", SESSION, '{"a":1}')


def test_of_many_births_at_once_the_last_of_each_school_is_kept(store: Store) -> None:
    store.note_births(
        [
            ("school-08", birth(), "first"),
            ("school-07", birth(), "other"),
            ("school-08", birth(state="offline"), "second"),
        ]
    )
    found = store.database.execute("select school, state, body from presence order by school")
    assert found == [("school-07", "online", "other"), ("school-08", "offline", "second")]


def test_an_alarm_sent_ahead_is_kept_once(store: Store) -> None:
    for body in ("first", "second"):
        store.note_ahead("school-07", "ahead-1", body)
    store.note_ahead("school-08", "ahead-1", "another school's")
    assert store.database.execute("select body from ahead order by school") == [("first",), ("another school's",)]


def test_refusals_are_counted_by_school_and_reason(store: Store) -> None:
    for school, reason in (("school-07", "oversized"), ("school-07", "oversized"), ("-", "unknown_school")):
        store.note_refusal(school, reason)
    found = store.database.execute("select school, reason, count from refusal order by school")
    assert found == [("-", "unknown_school", 1), ("school-07", "oversized", 2)]


def test_schools_are_added_changed_and_removed(store: Store) -> None:
    store.add_school("school-07", b"a" * 32)
    store.add_school("school-08", b"b" * 32)
    store.add_school("school-07", b"c" * 32)
    assert store.schools() == {"school-07": b"c" * 32, "school-08": b"b" * 32}
    store.remove_school("school-08")
    assert (store.school_key("school-07"), store.school_key("school-08")) == (b"c" * 32, None)


def test_an_answer_finds_its_order(store: Store) -> None:
    number = store.new_order("school-07", "ping")
    assert (number, store.answer_to("school-07", number)) == (1, None)
    answer = answered("ping")
    store.note_answer("school-07", answer, '{"outcome":"done"}')
    assert json.loads(store.answer_to("school-07", 1) or "") == {"outcome": "done"}
    store.note_answer("school-07", msgspec.structs.replace(answer, number=77), "to nothing we asked")
    assert store.answer_to("school-07", 77) is None


def test_numbers_of_orders_rise_also_when_given_at_once(open_one: Open) -> None:
    stores = [Store(open_one()) for _ in range(4)]
    stores[0].add_school("school-07", b"a" * 32)
    taken: list[int] = []
    threads = [
        threading.Thread(target=lambda s=one: taken.extend(s.new_order("school-07", "ping") for _ in range(10)))
        for one in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == list(range(1, 41))
    assert stores[0].new_order("school-08", "ping") == 1
