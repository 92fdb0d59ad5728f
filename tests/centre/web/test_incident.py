"""One incident on the desk: its story, and what a person says of it."""

from __future__ import annotations

import pytest

from centre.order_queue import OrderQueue
from centre.web.incident import second_of_day
from tests.centre.web.conftest import As
from tests.centre.web.made_up_city import ANNA, City


def orders(city: City, name: str, school: str = "school-07") -> list[tuple[str, dict[str, object]]]:
    queue = OrderQueue(city.store.database)
    return [(one.account, one.args) for one in queue.of(school, name) if one.name == "incident.answer"]


def test_the_board_shows_what_is_open(city: City, as_role: As) -> None:
    text = as_role("operator").get("/").text
    for name in ("fight", "fire", "intrusion", "medical", "tamper", "drill"):
        assert city.incidents[name] in text
    assert city.incidents["closed"] not in text
    assert "Анна Сергеевна Ким" in text
    only = as_role("operator").get("/?school=school-12").text
    assert city.incidents["fire"] in only
    assert city.incidents["fight"] not in only


def test_the_story_tells_each_step(city: City, as_role: As) -> None:
    text = as_role("police").get(f"/incident/school-07/{city.incidents['fight']}").text
    assert "gym-camera" in text
    assert "Анна Сергеевна Ким" in text
    part = as_role("police").get(f"/incident/school-07/{city.incidents['fight']}/story").text
    assert 'id="steps"' in part
    assert "<html" not in part
    part = as_role("police").get(f"/incident/school-07/{city.incidents['fight']}/files").text
    assert city.files["fight-clip"] in part
    assert "<html" not in part


def test_what_was_stays_to_be_found(city: City, as_role: As) -> None:
    assert city.incidents["closed"] in as_role("responsible").get("/history").text
    assert city.incidents["fire"] not in as_role("responsible").get("/history").text
    page = as_role("responsible").get(f"/incident/school-07/{city.incidents['closed']}").text
    assert "Ложная тревога" in page
    assert 'id="moves"' not in page


def test_an_answer_is_an_order_with_who_gave_it(city: City, as_role: As) -> None:
    fight, path = city.incidents["fight"], f"/incident/school-07/{city.incidents['fight']}"
    found = as_role("responsible").post(f"{path}/answer", answer="acknowledged")
    assert (found.status_code, found.headers["location"]) == (303, path)
    account, args = orders(city, fight)[-1]
    assert account == "anna"
    assert args == {"incident": fight, "answer": "acknowledged", "by": ANNA, "role": "duty", "reason": ""}
    assert 'class="pending"' in as_role("operator").get(path).text
    as_role("police").post(f"{path}/answer", answer="confirmed")
    assert orders(city, fight)[-1][1]["role"] == "police"
    as_role("operator").post(f"{path}/answer", answer="dismissed", reason="play")
    account, args = orders(city, fight)[-1]
    assert (account, args["role"], args["reason"]) == ("olga", "city", "play")
    board = as_role("operator").post(f"{path}/answer", answer="acknowledged", **{"from": "board"})
    assert board.headers["location"] == "/"


@pytest.mark.parametrize(("answer", "reason"), [("dismissed", ""), ("dismissed", "fun"), ("forget", ""), ("", "")])
def test_an_answer_that_cannot_be_is_refused_with_its_code(city: City, as_role: As, answer: str, reason: str) -> None:
    path = f"/incident/school-07/{city.incidents['fight']}/answer"
    before = len(orders(city, city.incidents["fight"]))
    found = as_role("operator").post(path, answer=answer, reason=reason)
    assert found.status_code == 422
    assert "K-164" in found.text
    assert len(orders(city, city.incidents["fight"])) == before


def test_who_is_late_orders_nothing(city: City, as_role: As) -> None:
    closed = city.incidents["closed"]
    assert as_role("operator").post(f"/incident/school-07/{closed}/answer", answer="confirmed").status_code == 303
    assert orders(city, closed) == []


def test_what_the_box_refused_is_told(city: City, as_role: As) -> None:
    tamper = city.incidents["tamper"]
    as_role("operator").post(f"/incident/school-31/{tamper}/answer", answer="closed")
    sql = "update order_due set state = 'failed', error = 'already_closed' where subject = ?"
    city.store.database.execute(sql, (tamper,))
    assert "уже закрыто" in as_role("operator").get(f"/incident/school-31/{tamper}").text


def test_a_report_that_no_box_has_taken_is_answered_here(city: City, as_role: As) -> None:
    assert city.report
    path = f"/incident/school-07/{city.report.id}"
    text = as_role("responsible").get(path).text
    assert "отбирают у сына деньги" in text
    assert "+7 700" not in text  # who reported is for the city alone
    assert "+7 700" in as_role("operator").get(path).text
    assert as_role("police").get(path).status_code == 404
    as_role("responsible").post(f"{path}/answer", answer="acknowledged")
    assert as_role("dana").get(path).status_code == 404
    assert "anna" in as_role("operator").get("/").text


def test_a_time_of_day_with_its_seconds() -> None:
    assert second_of_day("2026-11-23T08:12:39.123456Z", 300) == "13:12:39"
    assert second_of_day("soon", 300) == "soon"
