"""What stands on the board, in which order, for whom."""

from __future__ import annotations

import json
import time

import pytest

from centre.accounts import Account
from centre.web.board import GROUPS, Board, as_time, board
from tests.centre.incident_box import TWO
from tests.centre.web.made_up_city import City, at, fill

OLGA = Account(name="olga", role="operator")
POLICE = Account(name="bolat", role="police")
OURS = Account(name="anna", role="responsible", school="school-07")


@pytest.fixture
def filled(fresh: City) -> City:
    fill(fresh)
    return fresh


def shown(city: City, account: Account, school: str = "") -> Board:
    return board(city.store.database, account, time.time_ns(), school)


def test_who_waits_stands_first_the_most_severe_before_others(filled: City) -> None:
    found = shown(filled, OLGA)
    assert [(one.group, one.kind) for one in found.cards] == [
        ("waiting", "fire"), ("waiting", "fight"), ("waiting", "intrusion"), ("waiting", "bullying"),
        ("waiting", "fire"),  # the drill
        ("going", "medical"), ("decided", "tamper"),
    ]  # fmt: skip
    assert found.waiting == 4
    assert [one.kind for one in found.of("drill")] == ["fire"]
    assert [len(found.of(group)) for group in GROUPS] == [4, 1, 1]
    assert found.schools == [("school-07", 3), ("school-12", 2), ("school-31", 2)]


def test_a_card_tells_who_was_told_until_when_and_why(filled: City) -> None:
    cards = {one.id: one for one in shown(filled, OLGA).cards}
    fight = cards[filled.incidents["fight"]]
    assert [(one.role, one.name) for one in fight.to] == [("duty", "Анна Сергеевна Ким")]
    assert (fight.escalated, fight.certainty, fight.place) == (False, "suspected", "спортзал")
    assert fight.answer_by > at(0)
    assert cards[filled.incidents["intrusion"]].escalated
    assert cards[filled.incidents["medical"]].by == "Болат Ахметов"
    report = next(one for one in cards.values() if one.kind == "bullying")
    assert (report.state, report.to) == ("sent", [])


def test_each_sees_what_is_theirs(filled: City) -> None:
    assert {one.kind for one in shown(filled, POLICE).cards} == {"fire", "fight", "intrusion"}
    assert {one.school for one in shown(filled, OURS).cards} == {"school-07"}
    assert {one.school for one in shown(filled, OURS, "school-12").cards} == {"school-07"}
    assert {one.school for one in shown(filled, OLGA, "school-12").cards} == {"school-12"}


def test_an_alarm_that_came_ahead_is_there_until_its_event_comes(fresh: City) -> None:
    zone = {"sensor": "p", "zone": 3, "place": "gym", "state": "fire"}
    body = {"id": TWO, "type": "kz.mektep.fire.zone.v1", "time": at(0), "data": zone, "source": "/x"}
    fresh.store.note_ahead("school-07", TWO, json.dumps(body))
    (card,) = shown(fresh, OLGA).cards
    assert (card.state, card.kind, card.place, card.id) == ("ahead", "fire", "gym", "")


@pytest.mark.parametrize("text", ["", "soon", "2026-11-23T08:00:00", "9999-99-99T00:00:00Z"])
def test_what_is_no_time_is_not_counted_down(text: str) -> None:
    assert as_time(text) == ""


def test_a_time_is_left_as_it_is() -> None:
    assert as_time("2026-11-23T08:00:00.000000Z") == "2026-11-23T08:00:00.000000Z"
