"""The reckoning of a rush: one on which all is well, and each difference with its words. Nothing may pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from simulator.roll import made_up
from simulator.rush_reckoning import reckoned
from simulator.rush_truth import RushTruth
from tests.simulator.rush_events import Book

ROLL = made_up(date(2026, 11, 26), pupils=60, eaters=20)
WHO = [child.id for child in ROLL.eaters()]
CHILD_OF = {f"key-{child.id}": child.id for child in ROLL.children}
OLD = "00000000-0000-0000-0000-000000000000"


class Rush:
    """What is compared; a test spoils one thing before the statement is made."""

    def __init__(self) -> None:
        self.truth, self.book = RushTruth(), Book(ROLL)
        for child in WHO[:6]:
            self.truth.came(child, "G")
            self.book.grant(child)
        self.truth.came(WHO[6], "")  # the light was lost, and the meal given
        self.truth.came(WHO[6], "G")
        self.book.grant(WHO[6])
        self.truth.came(WHO[7], "")  # a light was lost, and nobody came again
        self.truth.came_again(WHO[0], "G", grace=True)
        self.truth.came_again(WHO[1], "R", grace=False)
        self.book.refuse("already_eaten")
        self.truth.came_in_vain("a stranger", "U", reason="unknown_card", expected="U")
        self.book.refuse("unknown_card")
        self.truth.taken_back(WHO[2], "G", armed=True)
        self.book.reverse(WHO[2])
        self.truth.gave_forgotten(1, 0)
        self.book.forgotten()

    def wrong(self) -> list[str]:
        self.book.state()
        found: list[str] = self.result()["wrong"]
        return found

    def result(self, *, replaced: bool = False) -> dict[str, Any]:
        return reckoned(self.truth, ROLL, CHILD_OF, self.book.events, replaced=replaced)


def test_a_rush_on_which_all_is_well() -> None:
    rush = Rush()
    assert rush.wrong() == []
    result, tenge = rush.result(), sum(ROLL.due()[child][1] for child in (*WHO[:2], *WHO[3:7]))
    assert result["stored_tenge"] == result["stated_tenge"] == tenge
    assert result["must_be_tenge"] == f"{tenge} to {tenge + ROLL.due()[WHO[7]][1]}"  # of whom nobody knows
    assert (result["stored_meals"], result["stated_meals"]) == (7, 7)


def test_a_lost_light_may_have_been_a_meal() -> None:
    rush = Rush()
    rush.book.grant(WHO[7])
    assert rush.wrong() == []


def _lost(rush: Rush) -> None:
    del rush.book.events[1]


def _doubled(rush: Rush) -> None:
    rush.book.grant(WHO[0])


def _nobodys(rush: Rush) -> None:
    rush.book.grant(WHO[0])["data"]["pupil"] = "somebody"


def _of_one_who_was_not_there(rush: Rush) -> None:
    rush.book.grant(WHO[9])


def _tariff(rush: Rush) -> None:
    rush.book.events[1]["data"]["tenge"] += 1


def _day(rush: Rush) -> None:
    rush.book.events[1]["data"]["day"] = "2026-11-25"


def _never_dated(rush: Rush) -> None:
    rush.book.events[1]["data"]["day"] = ""


def _second_reversal(rush: Rush) -> None:
    rush.book.reverse(WHO[3])


def _forgotten_twice(rush: Rush) -> None:
    rush.book.forgotten()


def _refusal_lost(rush: Rush) -> None:
    rush.truth.came_in_vain("a stranger", "U", reason="unknown_card", expected="U")


def _refused_unseen(rush: Rush) -> None:
    rush.book.refuse("not_serving")


def _green_for_a_stranger(rush: Rush) -> None:
    rush.truth.came_in_vain("a stranger", "G", reason="unknown_card", expected="U")
    rush.book.refuse("unknown_card")


def _entitled_and_refused(rush: Rush) -> None:
    rush.truth.came(WHO[8], "R")


def _eaten_and_green(rush: Rush) -> None:
    rush.truth.came_again(WHO[0], "G", grace=False)


def _unstated(rush: Rush) -> None:
    rush.book.state()
    rush.truth.came(WHO[8], "G")
    rush.book.grant(WHO[8])
    rush.book.state = lambda: {}  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_lost, "must have 1 meals, has 0"),
        (_doubled, "must have 1 meals, has 2: granted 2"),
        (_nobodys, "a meal of nobody"),
        (_of_one_who_was_not_there, "was never there"),
        (_tariff, "tenge in place of"),
        (_day, "a meal of 2026-11-25"),
        (_never_dated, "was never dated"),
        (_second_reversal, "1 meals were taken back and 2"),
        (_forgotten_twice, "1 meals for forgotten cards were given and 2"),
        (_refusal_lost, "unknown_card was shown 2 times and is stored 1"),
        (_refused_unseen, "not_serving is stored 1 times and was never shown"),
        (_green_for_a_stranger, "got G in place of U"),
        (_entitled_and_refused, "is entitled and got R"),
        (_eaten_and_green, "came again and got G in place of R"),
        (_unstated, "no statement has taken up 1 granted"),
    ],
)
def test_what_differs_is_named(spoil: Callable[[Rush], None], words: str) -> None:
    rush = Rush()
    spoil(rush)
    wrong = rush.wrong()
    assert any(words in what for what in wrong), wrong


def test_meals_of_an_untrusted_clock_are_dated_later() -> None:
    rush = Rush()
    rush.truth.came(WHO[8], "G")
    rush.book.date(rush.book.grant(WHO[8], day=""), counted=True)
    assert rush.wrong() == []


def test_what_a_replaced_box_has_not_stated_is_no_fault_of_the_statement() -> None:
    """The children of before are refused by the new one; its own statement is whole."""
    rush = Rush()
    before, rush.book = rush.book, Book(ROLL, OLD)
    for event in rush.book.events:
        event["time"] = "2026-11-26T09:00:00Z"
    rush.truth.came(WHO[8], "G")
    rush.book.grant(WHO[8])["time"] = "2026-11-26T09:00:01Z"
    rush.book.state()["time"] = "2026-11-26T09:00:02Z"
    rush.book.events = before.events + rush.book.events
    assert rush.result(replaced=True)["wrong"] == []
    assert rush.result()["wrong"] != []
