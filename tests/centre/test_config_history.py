"""What a box has told of its configurations, and what the next one is expected to replace."""

from __future__ import annotations

from typing import Any

import pytest

from centre.config_history import APPLIED, UNDONE, changes, end_of, expected
from centre.store import Store
from tests.centre.batches import batch
from tests.centre.conftest import Open
from tests.centre.far_box import event

A, B = "a" * 64, "b" * 64


@pytest.fixture
def store(open_one: Open) -> Store:
    return Store(open_one())


def told(store: Store, number: int, type_: str, **data: Any) -> None:
    body = event("school-07", "record", number, type=type_, data={"by": "centre", "before": "", **data})
    store.store([batch("record", number, [body])])


def test_a_box_that_never_told_is_expected_to_have_anything(store: Store) -> None:
    assert (changes(store.database, "school-07"), expected(store.database, "school-07")) == ([], "")


def test_each_end_is_shown_in_order(store: Store) -> None:
    told(store, 1, "kz.mektep.card.seen.v1")
    told(store, 2, APPLIED, sha256=A, before=B, order=7)
    told(store, 3, UNDONE, sha256=B, before=A, order=9, reason="device_lost", lost=["device/gym"])
    found = changes(store.database, "school-07")
    assert [(one.outcome, one.sha256, one.order, one.reason, one.lost) for one in found] == [
        ("applied", A, 7, "", []),
        ("undone", B, 9, "device_lost", ["device/gym"]),
    ]
    assert end_of(store.database, "school-07", 9) == found[1]
    assert end_of(store.database, "school-07", 8) is None
    assert changes(store.database, "school-08") == []


EXPECTED = [
    ("kept", APPLIED, {"sha256": A, "before": B}, A),
    ("undone", UNDONE, {"sha256": A, "before": B, "reason": "link_gone"}, B),
    ("overtaken on site", UNDONE, {"sha256": A, "before": B, "reason": "changed_on_site"}, ""),
]


@pytest.mark.parametrize(("type_", "data", "sha256"), [row[1:] for row in EXPECTED], ids=[row[0] for row in EXPECTED])
def test_what_the_box_has_now(store: Store, type_: str, data: dict[str, Any], sha256: str) -> None:
    told(store, 1, type_, **data)
    assert expected(store.database, "school-07") == sha256


def test_what_is_not_by_its_schema_is_left_out(store: Store) -> None:
    told(store, 1, APPLIED, sha256=7)
    assert changes(store.database, "school-07") == []
