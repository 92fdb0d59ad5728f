"""The form for whoever has seen something."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from centre.reports import Report, Reports
from centre.web.routes import application
from tests.centre.web.conftest import As, Visitor, desk_of
from tests.centre.web.made_up_city import City

SAID = {"school": "school-12", "kind": "fight", "words": "They\r\nfight", "reporter": "pupil"}


@pytest.fixture
def stranger(city: City) -> Visitor:
    """At a desk where nobody has reported yet."""
    return Visitor(TestClient(application(desk_of(city))), city)


def newest(city: City) -> Report:
    return Reports(city.store.database).listed("", 1)[0]


def test_a_stranger_reports_without_a_login(stranger: Visitor, city: City) -> None:
    found = stranger.post("/report", **SAID, place=" gym ", contact="me@example.kz")
    assert found.status_code == 200
    one = newest(city)
    assert one.id[:8] in found.text
    assert (one.words, one.place, one.contact) == ("They\nfight", "gym", "me@example.kz")
    assert (one.reporter, one.account, one.certain, one.drill) == ("pupil", "", False, False)


def test_a_stranger_is_never_staff_and_makes_no_drill(stranger: Visitor, city: City) -> None:
    stranger.post("/report", **(SAID | {"reporter": "staff", "drill": "yes"}))
    one = newest(city)
    assert (one.reporter, one.certain, one.drill) == ("anonymous", False, False)
    assert 'value="staff"' not in stranger.get("/report").text


@pytest.mark.parametrize("wrong", [{"words": " "}, {"school": "school-99"}, {"kind": "ufo"}, {"kind": ""}])
def test_what_is_incomplete_is_asked_for_again(stranger: Visitor, city: City, wrong: dict[str, str]) -> None:
    before = newest(city).id
    found = stranger.post("/report", **(SAID | wrong | {"contact": "kept"}))
    assert found.status_code == 422
    assert 'value="kept"' in found.text
    assert newest(city).id == before


def test_after_five_a_stranger_waits_and_staff_does_not(stranger: Visitor, city: City, as_role: As) -> None:
    for _ in range(5):
        assert stranger.post("/report", **SAID).status_code == 200
    assert stranger.post("/report", **SAID).status_code == 429
    for _ in range(6):
        assert as_role("operator").post("/report", **SAID).status_code == 200


def test_the_schools_own_person_is_certain_and_of_that_school(city: City, as_role: As) -> None:
    anna = as_role("responsible")
    assert anna.post("/report", **(SAID | {"reporter": "staff"})).status_code == 422  # school-12 is not hers
    anna.post("/report", **(SAID | {"reporter": "staff", "school": "school-07"}))
    one = newest(city)
    assert (one.certain, one.account, one.school) == (True, "anna", "school-07")


def test_an_operator_may_make_it_a_drill(city: City, as_role: As) -> None:
    as_role("operator").post("/report", **SAID, drill="yes")
    assert newest(city).drill
    as_role("police").post("/report", **SAID, drill="yes")
    assert not newest(city).drill


def test_a_poster_may_name_the_school(stranger: Visitor) -> None:
    assert "<option selected>school-31</option>" in stranger.get("/report?school=school-31").text
