"""The reconciliation of contacts, loops, pictures and the report button: what can be missing, doubled or another."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.truth import CONTACT, PICTURE, Odd
from tests.simulator.test_truth import Day, Stored, event

DOOR = {"source": "door", "contact": ""}
GATE = {"camera": "gate", "evidence": "e1"}


def full_day() -> Day:
    """A day on which a door opened, a camera was covered and somebody pressed the button, twice."""
    day = Day()
    day.truth.odd = [Odd(CONTACT, "door", "active"), Odd(PICTURE, "gate", "covered")]
    day.truth.presses, day.truth.reports = 2, 1
    day.pictures = {"e1": "digest"}
    add(day, "alarm", "contact.changed", DOOR | {"state": "active"})
    add(day, "alarm", "contact.changed", DOOR | {"state": "idle"})
    add(day, "alarm", "camera.picture", GATE | {"state": "covered"})
    add(day, "alarm", "camera.picture", GATE | {"state": "clear", "evidence": ""})
    add(day, "alarm", "report.pressed", {"source": "button"})
    add(day, "record", "evidence.sealed", {"evidence": "e1", "plain_sha256": "digest"})
    return day


def add(day: Day, lane: str, type_: str, data: Stored) -> None:
    """One more event, which the centre and the box know."""
    sequence = day.status["lanes"][lane]["last"] + 1
    day.events.append(event(lane, sequence, type_, data))
    day.status["lanes"][lane]["last"] = sequence
    day.lane(lane).update(through=sequence, highest=sequence, events=sequence)


def told(day: Day, type_: str, **data: Any) -> Stored:
    """The first event of a type with these data."""
    return next(
        one
        for one in day.events
        if one["type"] == f"kz.mektep.{type_}.v1" and all(one["data"].get(key) == value for key, value in data.items())
    )


def test_a_day_on_which_all_is_well() -> None:
    result = full_day().reconcile()
    assert result["wrong"] == []
    assert (result["oddities"], result["reports"], result["pictures"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("type_", "data", "words"),
    [
        ("contact.changed", {"state": "active"}, "door was active 1 times and was told 0 times"),
        ("camera.picture", {"state": "covered"}, "gate was covered 1 times and was told 0 times"),
    ],
)
def test_what_was_odd_must_be_told(type_: str, data: Stored, words: str) -> None:
    day = full_day()
    told(day, type_, **data)["data"]["state"] = "clear" if type_ == "camera.picture" else "idle"
    assert day.reconcile()["wrong"] == [words]


def test_what_is_well_again_must_be_told() -> None:
    day = full_day()
    told(day, "contact.changed", state="idle")["data"]["state"] = "active"
    assert day.reconcile()["wrong"] == ["door ends as active"]


def test_what_chattered_is_told_by_its_gathered_state() -> None:
    day = full_day()
    day.truth.odd += [Odd(CONTACT, "door", "active")] * 20
    latest = DOOR | {"state": "idle"}
    add(day, "alarm", "source.flapping", {"type": CONTACT, "source": "door/contact", "latest": latest})
    assert day.reconcile()["wrong"] == []
    latest["state"] = "active"
    assert day.reconcile()["wrong"] == ["door ends as active"]


def test_who_pressed_is_heard() -> None:
    day = full_day()
    told(day, "report.pressed")["type"] = "kz.mektep.source.restored.v1"
    assert day.reconcile()["wrong"] == ["1 persons pressed the button and 0 reports are stored"]


def test_who_did_not_press_is_not_heard() -> None:
    day = full_day()
    for _ in range(2):
        add(day, "alarm", "report.pressed", {"source": "button"})
    assert day.reconcile()["wrong"] == ["the button was pressed 2 times and is stored 3 times"]


@pytest.mark.parametrize(
    ("digest", "words"), [("", "cannot be opened"), ("of something else", "is another")], ids=["missing", "other"]
)
def test_a_picture_that_is_named_can_be_looked_at(digest: str, words: str) -> None:
    day = full_day()
    day.pictures["e1"] = digest
    assert day.reconcile()["wrong"] == [f"the picture e1 {words} at the centre"]


def test_a_picture_that_nobody_sealed_is_another() -> None:
    day = full_day()
    told(day, "evidence.sealed")["type"] = "kz.mektep.health.v1"
    assert day.reconcile()["wrong"] == ["the picture e1 is another at the centre"]


def test_a_picture_whose_loss_is_told_is_explained() -> None:
    day = full_day()
    day.pictures["e1"] = ""
    add(day, "record", "evidence.lost", {"evidence": "e1", "reason": "quota"})
    assert day.reconcile()["wrong"] == []
