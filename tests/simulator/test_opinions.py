"""The accountant's and the auditor's opinion of a rush: in order, and each way in which one of them is not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from simulator.opinions import accountant, auditor

RESULT = {"stored_tenge": 1_495, "stored_meals": 2}
LINE = {"what": "social", "leaves": {"granted": 1}, "statements": {"granted": 1}, "differs": []}
REPORT = {
    "meals": [LINE], "clubs": [], "suspicions": [], "to_pay": 1_495,
    "doubles": [], "undated": [], "lost_reversals": [], "unverified": [], "gaps": [], "faults": [],
}  # fmt: skip
AUDIT = {
    "findings": [],
    "logs": [{"epoch": "11111111-1111", "leaves": 3, "vouched": 3}],
    "months": [{"meals": 2, "meals_tenge": 1_495}],
}
NOT_NAMED = {"code": "A-135", "what": "a new ledger begins and names none before it"}
Opinion = dict[str, Any]


def _set(name: str, value: object) -> Callable[[Opinion], None]:
    return lambda opinion: opinion.update({name: value})


def test_in_order() -> None:
    assert accountant(REPORT, RESULT, replaced=False) == []
    assert auditor(AUDIT, RESULT, replaced=False) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_set("to_pay", 1_494), "pays 1494 tenge, the events come to 1495"),
        (_set("gaps", ["3 to 5"]), "has gaps"),
        (_set("faults", ["leaf 3"]), "has faults"),
        (_set("meals", [LINE | {"differs": ["granted"]}]), "says that social differ"),
        (_set("meals", [LINE | {"statements": {}}]), "social has leaves"),
    ],
)
def test_what_the_accountant_sees(spoil: Callable[[Opinion], None], words: str) -> None:
    report: Opinion = copy.deepcopy(REPORT)
    spoil(report)
    (wrong,) = accountant(report, RESULT, replaced=False)
    assert words in wrong


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_set("findings", [NOT_NAMED]), "the auditor finds a new ledger begins"),
        (_set("logs", [{"epoch": "11111111-1111", "leaves": 3, "vouched": 2}]), "3 leaves of 11111111, 2 under"),
        (_set("months", []), "counts 0 meals for 0 tenge"),
    ],
)
def test_what_the_auditor_sees(spoil: Callable[[Opinion], None], words: str) -> None:
    audit: Opinion = copy.deepcopy(AUDIT)
    spoil(audit)
    (wrong,) = auditor(audit, RESULT, replaced=False)
    assert words in wrong


def test_of_a_replaced_box_the_auditor_must_find_that() -> None:
    report: Opinion = copy.deepcopy(REPORT)
    _set("meals", [LINE | {"statements": {}}])(report)
    assert accountant(report, RESULT, replaced=True) == []
    assert auditor(AUDIT | {"findings": [NOT_NAMED]}, RESULT, replaced=True) == []
    assert auditor(AUDIT, RESULT, replaced=True) != []
