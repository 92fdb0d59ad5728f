"""The desk beside the centre's database: a day on which all is well, and each way in which a page can be wrong."""

from __future__ import annotations

import pytest

from simulator.desk_page import Answer, Look, Shown
from simulator.desk_truth import Desk, Looked, wrong
from simulator.incident_truth import Centre, Life
from simulator.responsible import GUARD, NAMES

ID, FILE = "11111111-a", "f1111111-x"
NAME = NAMES[GUARD]
LOOK = Looked(ID, FILE, "operator", "the end", seen=True)
PAGE = Shown(
    state="confirmed",
    drill=False,
    told=[frozenset({NAME, "the city"}), frozenset({"police"})],
    answers=[Answer("acknowledged", f"on the way {NAME}"), Answer("confirmed", "confirmed operator")],
    files={FILE: "whole"},
    looks=[Look("operator", "the end")],
)
DESK = Desk(pages={ID: PAGE}, cards={ID: "decided"}, listed={ID}, looks=[LOOK], said=[])


def life() -> Life:
    found = Life(ID)
    found.opened = [{"kind": "fire", "place": "hall"}]
    found.told = [
        {"to": [{"role": "duty", "staff": "k1"}, {"role": "city", "staff": ""}]},
        {"to": [{"role": "police", "staff": ""}]},
    ]
    found.said = [{"answer": "acknowledged", "by": "k1"}, {"answer": "confirmed", "by": ""}]
    return found


def centre(state: str = "confirmed") -> Centre:
    return Centre({"k1": GUARD}, {ID: state}, [], {FILE: (ID, "blurred", True)}, set(), custody_holds=True)


def test_a_desk_that_shows_all_of_it() -> None:
    assert wrong(DESK, {ID: life()}, centre()) == []


def spoilt(**change: object) -> Desk:
    return DESK._replace(pages={ID: PAGE._replace(**change)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("desk", "words"),
    [
        (DESK._replace(pages={ID: None}, looks=[]), "is not on the desk"),
        (DESK._replace(listed=set()), "is not listed"),
        (DESK._replace(cards={}), "on the board not there"),
        (DESK._replace(cards={ID: "waiting"}), "on the board waiting"),
        (DESK._replace(said=["a word"]), "the browser says at the desk: a word"),
        (DESK._replace(looks=[LOOK._replace(seen=False)]), "cannot see"),
        (DESK._replace(looks=[LOOK._replace(why="another")]), "custody trail does not say so"),
        (spoilt(state="told"), "it is told in place of confirmed"),
        (spoilt(told=PAGE.told[:1]), "in place of"),
        (spoilt(told=[frozenset({"somebody else"}), PAGE.told[1]]), "somebody else in place of"),
        (spoilt(answers=PAGE.answers[:1]), "answers are"),
        (spoilt(answers=[Answer("acknowledged", "on the way"), PAGE.answers[1]]), f"does not say that {NAME}"),
        (spoilt(files={}), "0 files stand there in place of 1"),
        (spoilt(files={FILE: "partial"}), "not as whole as they are"),
        (spoilt(looks=[]), "custody trail does not say so"),
    ],
)
def test_each_lie_is_told(desk: Desk, words: str) -> None:
    faults = wrong(desk, {ID: life()}, centre())
    assert len(faults) == 1
    assert words in faults[0]


@pytest.mark.parametrize(("state", "card"), [("told", "waiting"), ("acknowledged", "going"), ("closed", "")])
def test_what_is_over_is_on_the_board_no_more(state: str, card: str) -> None:
    desk = spoilt(state=state)._replace(cards={ID: card} if card else {})
    assert wrong(desk, {ID: life()}, centre(state)) == []
    assert wrong(desk._replace(cards={ID: "another"}), {ID: life()}, centre(state)) != []
