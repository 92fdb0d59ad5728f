"""Schools, cameras, drills and the custody log as tables."""

from __future__ import annotations

import re

import pytest

from centre.custody import Custody
from centre.incident_words import KINDS
from tests.centre.web.conftest import As, Visitor
from tests.centre.web.made_up_city import City


def rows(visitor: Visitor, path: str) -> list[list[str]]:
    """Words of each cell."""
    found = re.findall(r"<tr[^>]*>(.*?)</tr>", visitor.get(path).text, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in found]
    return [[re.sub(r"<[^>]*>", "", cell).strip() for cell in row] for row in cells if row]


def test_each_school_with_its_line_cameras_and_drill(as_role: As) -> None:
    found = {row[0]: row[1:] for row in rows(as_role("operator"), "/schools")}
    assert list(found) == ["school-07", "school-12", "school-31"]
    assert found["school-07"][0] == "на связи"
    assert found["school-31"][0].startswith("нет связи")
    assert found["school-07"][3] == "2 / 3"
    assert found["school-31"][3] == "0 / 2"
    assert [row[0] for row in rows(as_role("responsible"), "/schools")] == ["school-07"]


def test_cameras_the_worst_first(as_role: As) -> None:
    found = rows(as_role("police"), "/cameras")
    assert [row[1] for row in found[:3]] == ["door", "yard-camera", "hall-camera"]
    assert len(found) == 7
    assert 'class="bad"' in as_role("police").get("/cameras").text
    assert {row[0] for row in rows(as_role("responsible"), "/cameras?school=school-12")} == {"school-07"}


def test_the_last_drill_of_each_school(as_role: As) -> None:
    found = {row[0]: row[1] for row in rows(as_role("operator"), "/drills")}
    assert found == {"school-07": "не было", "school-12": "идёт", "school-31": "не было"}


@pytest.mark.parametrize(
    ("form", "status"),
    [({"school": "school-12"}, 303), ({"school": "x"}, 404), ({"school": "school-12", "kind": "x"}, 422)],
)
def test_an_operator_starts_a_drill(form: dict[str, str], status: int, city: City, as_role: As) -> None:
    sql = "select school, args, account from order_due where name = 'drill' order by id"
    before = len(city.store.database.execute(sql))
    assert as_role("operator").post("/drills", **({"kind": KINDS[0], "place": " hall "} | form)).status_code == status
    after = city.store.database.execute(sql)[before:]
    assert after == ([("school-12", '{"kind":"fire","place":"hall"}', "olga")] if status == 303 else [])


def test_who_looked_the_newest_first(city: City, as_role: As) -> None:
    log = Custody(city.store.database)
    for reason in ("first", "second"):
        log.note("bolat", "school-07", "some", "opened", reason)
    assert [row[4] for row in rows(as_role("operator"), "/custody")][:2] == ["second", "first"]
    assert rows(as_role("operator"), "/custody?school=school-12") == []
