"""What stays of an event when its child is forgotten: the ledger's entry, and nothing that says who."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centre.erased import erased, is_same, names
from centre.ledger_entry import UNREADABLE, entry_of, read
from tests.centre.far_box import event

ANNA, BOLAT = "a" * 16, "b" * 16
SALT = "5" * 32
MEAL = {"pupil": ANNA, "salt": SALT, "meal": "lunch", "tenge": 950}


def body(data: Any, sequence: int = 4, **changes: Any) -> str:
    return event("school-07", "record", sequence, data=data, **changes).decode()


def test_a_leafs_entry_is_the_same_and_nobody_can_say_whose() -> None:
    kept = erased(body(MEAL, leaf="3"))
    assert entry_of(read(kept)) == entry_of(read(body(MEAL, leaf="3")))
    assert ANNA not in kept
    assert SALT not in kept
    assert json.loads(kept)["erased"] is True
    assert {**json.loads(kept), "data": 0, "erased": 0} == {**json.loads(body(MEAL, leaf="3")), "data": 0, "erased": 0}


def test_without_a_salt_only_the_pupil_goes() -> None:
    kept = json.loads(erased(body({"pupil": ANNA, "reason": "no_entitlement"})))
    assert kept["data"] == {"pupil": "", "reason": "no_entitlement"}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (body(MEAL), True),
        (erased(body(MEAL)), True),
        (body(MEAL | {"pupil": BOLAT}), False),
        (body(MEAL | {"salt": "6" * 32}), False),
        (body(MEAL | {"tenge": 951}), False),
        (body(MEAL, sequence=5), False),
        ("no JSON", False),
    ],
)
def test_a_resend_is_known_and_nothing_else(other: str, same: bool) -> None:
    assert is_same(erased(body(MEAL)), other) == same


def test_what_is_not_erased_is_the_same_only_by_its_bytes() -> None:
    assert is_same(body(MEAL), body(MEAL))
    assert not is_same(body(MEAL), erased(body(MEAL)))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (body(MEAL), True), (body(MEAL | {"pupil": BOLAT, "operator": ANNA}), False),
        (body({}), False), (body([]), False),
        ('{"data": {"pupil": "aaaaaaaaaaaaaaaa"}}', True), ("{}", False), ("x", False),
    ],
)  # fmt: skip
def test_whose_it_is(text: str, named: bool) -> None:
    assert names(text, ANNA) == named


@pytest.mark.parametrize("text", ["x", body([]), body(MEAL | {"salt": "odd"})])
def test_what_has_no_such_form_says_so(text: str) -> None:
    with pytest.raises(UNREADABLE):
        erased(text)
