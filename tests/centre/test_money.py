"""Which meals are paid, and why the others are not: by table, and whatever the order in which ledgers are read."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from centre.ledger_check import LeafSeen
from centre.ledger_entry import DATED, GRANTED, REVERSED, VISIT, Facts
from centre.money import Account, Assigned, Corrected, State, settle

DAY, TIME = "2026-11-23", "2026-11-23T08:00:00.000000Z"
ANNA, BOLAT = "a" * 16, "b" * 16


def leaf(
    idx: int, type_: str = GRANTED, epoch: str = "old", salt: object = None, time: str = TIME, **facts: Any
) -> LeafSeen:
    """Each has a salt of its own, as on a box: its hash is its place, unless told."""
    usual = {"pupil": ANNA, "day": DAY, "meal": "lunch", "programme": "free-1-4", "tenge": 950}
    hash_ = hashlib.sha256(repr(salt or (epoch, idx)).encode()).digest()
    return LeafSeen(epoch, idx, type_, time, hash_, Facts(**(usual | facts)))


def states(account: Account) -> dict[str, str]:
    return {meal.leaf: meal.state.value for meal in account.meals}


CASES: list[tuple[str, list[LeafSeen], dict[str, str]]] = [
    ("one meal", [leaf(1)], {"old/1": "paid"}),
    ("two children", [leaf(1), leaf(2, pupil=BOLAT)], {"old/1": "paid", "old/2": "paid"}),
    ("two meals of a day", [leaf(1), leaf(2, meal="dinner")], {"old/1": "paid", "old/2": "paid"}),
    ("the same in two epochs", [leaf(1), leaf(1, epoch="new")], {"old/1": "paid", "new/1": "double"}),
    ("one event under two places", [leaf(1), leaf(9, epoch="new", salt=("old", 1))], {"old/1": "paid"}),
    ("reversed", [leaf(1), leaf(2, REVERSED, of="old/1")], {"old/1": "reversed"}),
    ("reversed, and given again", [leaf(1), leaf(2, REVERSED, of="old/1"), leaf(3)],
     {"old/1": "reversed", "old/3": "paid"}),
    ("reversed by another box", [leaf(1), leaf(1, REVERSED, "new", of="")], {"old/1": "reversed"}),
    ("reversed in a ledger that is read first", [leaf(1, REVERSED, of="new/1"), leaf(1, epoch="new")],
     {"new/1": "reversed"}),
    (
        "of a double one is reversed",
        [leaf(1), leaf(1, epoch="new"), leaf(2, REVERSED, "new", of="new/1")],
        {"old/1": "paid", "new/1": "reversed"},
    ),
    ("a reissued meal is reversed",
     [leaf(1), leaf(3, epoch="new", salt=("old", 1)), leaf(4, REVERSED, "new", of="new/3")],
     {"old/1": "reversed"}),
    ("a forgotten card", [leaf(1, pupil="", operator=BOLAT, programme="", tenge=0)], {"old/1": "forgotten"}),
    ("without a day", [leaf(1, day="")], {"old/1": "undated"}),
    ("dated later", [leaf(1, day=""), leaf(2, DATED, of="old/1", counted=True)], {"old/1": "paid"}),
    ("dated, eaten before", [leaf(0), leaf(1, day=""), leaf(2, DATED, of="old/1", counted=False)],
     {"old/0": "paid", "old/1": "not_counted"}),
    ("dated, and the same elsewhere", [leaf(1, day=""), leaf(2, DATED, of="old/1", counted=True), leaf(1, epoch="new")],
     {"old/1": "paid", "new/1": "double"}),
    ("its day stays unknown, and it counts", [leaf(1, day=""), leaf(2, DATED, of="old/1", counted=True, day="")],
     {"old/1": "paid"}),
    ("a forgotten card, dated", [leaf(1, day="", pupil="", operator=BOLAT), leaf(2, DATED, of="old/1", counted=True)],
     {"old/1": "forgotten"}),
    ("a date for nothing", [leaf(2, DATED, of="old/1", counted=True)], {}),
]  # fmt: skip


@pytest.mark.parametrize(("leaves", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_meal_is_paid_once(leaves: list[LeafSeen], expected: dict[str, str]) -> None:
    account = settle(leaves)
    assert states(account) == expected
    assert account.meals_tenge == 950 * list(expected.values()).count("paid")


def test_a_double_names_the_one_that_is_paid() -> None:
    _, double = settle([leaf(1), leaf(7, epoch="new")]).meals
    assert (double.state, double.twin) == (State.DOUBLE, "old/1")


def test_a_reversal_of_what_nobody_holds_is_told() -> None:
    assert settle([leaf(5, REVERSED, of="gone/9", pupil=BOLAT), leaf(1)]).lost_reversals == ["old/5"]


FORGOTTEN = leaf(1, pupil="", operator=BOLAT, programme="", tenge=0)


def test_an_assigned_meal_is_paid_by_its_childs_programme() -> None:
    account = settle([FORGOTTEN], Corrected({"old/1": Assigned(ANNA, "free-1-4", 950)}))
    assert [(meal.state, meal.programme, meal.pupil) for meal in account.paid()] == [("paid", "free-1-4", ANNA)]
    assert account.meals_tenge == 950


def test_an_assigned_meal_may_turn_out_double() -> None:
    """The child's own card came in late, from another box."""
    account = settle([leaf(0), FORGOTTEN], Corrected({"old/1": Assigned(ANNA, "free-1-4", 950)}))
    assert states(account) == {"old/0": "paid", "old/1": "double"}


def test_what_was_unpaid_before_an_erasure_stays_unpaid() -> None:
    erased = [leaf(1, pupil=""), leaf(1, epoch="new", pupil="")]
    assert settle(erased).meals_tenge == 2 * 950
    assert states(settle(erased, Corrected(unpaid=frozenset({"new/1"})))) == {"old/1": "paid", "new/1": "double"}


def test_visits_count_by_the_boxs_word_and_once() -> None:
    visits = [
        leaf(1, VISIT, club="chess", tenge=1_500, counted=True),
        leaf(2, VISIT, club="chess", tenge=0),
        leaf(1, VISIT, "new", salt=("old", 1), club="chess", tenge=1_500, counted=True),
    ]
    account = settle(visits)
    assert ([visit.is_counted for visit in account.visits], account.visits_tenge) == ([True, False], 1_500)
    assert account.again == 1


def test_a_month_has_its_days_and_what_was_settled_in_it() -> None:
    leaves = [
        leaf(1), leaf(2, day="2026-12-01"), leaf(3, day="", pupil=BOLAT),
        leaf(4, DATED, of="old/3", counted=True, day="", time="2026-12-05T08:00:00.000000Z"),
        leaf(5, VISIT, day="2026-12-02", counted=True),
    ]  # fmt: skip
    account = settle(leaves)
    assert list(states(account.of_month("2026-11"))) == ["old/1"]
    assert list(states(account.of_month("2026-12"))) == ["old/2", "old/3"]
    assert len(account.of_month("2026-12").visits) == 1
