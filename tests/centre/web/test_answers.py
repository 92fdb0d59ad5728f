"""What the desk answers with."""

from __future__ import annotations

from centre.web.answers import missing, render, to, trouble
from centre.web.sessions import form_token
from centre.web.visit import Desk, Visit
from tests.centre.web.conftest import City


def test_pages_parts_and_other_places(desk: Desk, city: City) -> None:
    visit = Visit(desk=desk, database=city.store.database, here="/report", path={}, query={}, form={}, address="",
                  token="t", language="en")  # fmt: skip
    assert (to("/x").status_code, to("/x").headers["location"]) == (303, "/x")
    assert missing(visit).status_code == 404
    found = trouble(visit, "refused", 422, "K-164", "<b>")
    assert found.status_code == 422
    assert b"K-164" in found.body
    assert b"&lt;b&gt;" in found.body
    assert form_token("t") in render(visit, "login.html", wrong="", wait_s=0)
