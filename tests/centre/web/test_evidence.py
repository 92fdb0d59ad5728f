"""Pictures and films: who opens which, that each opening is written down, that a ticket is for one session."""

from __future__ import annotations

import re

import pyrage
import pytest

from centre.custody import Custody, Entry
from tests.centre.web.conftest import As, Visitor
from tests.centre.web.made_up_city import City

JPEG, AGE = b"\xff\xd8\xff", b"age-encryption.org/v1"


def path(city: City, form: str, act: str = "look") -> str:
    return f"/incident/school-07/{city.incidents['fight']}/{act}/{city.files['fight-' + form]}"


def log(city: City) -> list[Entry]:
    return Custody(city.store.database).latest(100)


def looked(visitor: Visitor, city: City, form: str, reason: str = "a fight is told") -> str:
    """The address of what was opened."""
    found = visitor.post(path(city, form), reason=reason)
    assert found.status_code == 200
    ticket = re.search(r'src="(/evidence/[^"]+)"', found.text)
    assert ticket
    return ticket[1]


MAY = [("operator", {"blurred"}), ("police", {"snapshot", "blurred", "clip"}), ("responsible", {"blurred"})]


@pytest.mark.parametrize(("role", "forms"), MAY)
def test_each_role_opens_its_forms_and_no_other(role: str, forms: set[str], city: City, as_role: As) -> None:
    visitor = as_role(role)
    for form in ("snapshot", "blurred", "clip"):
        before = len(log(city))
        if form not in forms:
            assert visitor.post(path(city, form), reason="so").status_code == 404
            assert len(log(city)) == before
            continue
        content = visitor.get(looked(visitor, city, form))
        assert content.content.startswith(JPEG) or (form == "clip" and b"ftyp" in content.content[:32])
        assert content.headers["cache-control"] == "no-store"
        (entry, *_), after = log(city), len(log(city))
        assert after == before + 1
        assert (entry.what, entry.evidence, entry.reason) == ("opened", city.files[f"fight-{form}"], "a fight is told")


def test_without_a_reason_nothing_is_opened(city: City, as_role: As) -> None:
    before = len(log(city))
    found = as_role("police").post(path(city, "snapshot"), reason=" ")
    assert (found.status_code, "K-160" in found.text) == (422, True)
    assert len(log(city)) == before


def test_a_key_that_does_not_fit_was_tried(city: City, as_role: As) -> None:
    key = city.settings.file("plain.age")
    fits = key.read_text()
    key.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    try:
        found = as_role("police").post(path(city, "snapshot"), reason="a fight is told")
    finally:
        key.write_text(fits)
    assert (found.status_code, "K-122" in found.text) == (422, True)
    (entry, *_) = log(city)
    assert (entry.what, entry.evidence, entry.account) == ("opened", city.files["fight-snapshot"], "bolat")


def test_a_ticket_is_for_who_has_it(city: City, as_role: As) -> None:
    ticket = looked(as_role("police"), city, "snapshot")
    assert as_role("police").get(ticket).status_code == 404  # another session of the same account
    assert as_role("operator").get(ticket).status_code == 404
    assert as_role("nobody").get(ticket).headers["location"] == "/login"


RANGES = [
    ("bytes=0-3", 206, "bytes 0-3/"),
    ("bytes=4-", 206, "bytes 4-"),
    ("bytes=99999999-", 416, "bytes */"),
    ("bytes=5-2", 416, "bytes */"),
    ("lines=1-2", 200, ""),
]


@pytest.mark.parametrize(("wanted", "status", "told"), RANGES)
def test_a_player_asks_for_parts_of_a_film(wanted: str, status: int, told: str, city: City, as_role: As) -> None:
    visitor = as_role("police")
    found = visitor.get(looked(visitor, city, "clip"), range=wanted)
    assert found.status_code == status
    assert found.headers.get("content-range", "").startswith(told)
    if wanted == "bytes=0-3":
        assert len(found.content) == 4


def test_sealed_files_are_handed_out_sealed(city: City, as_role: As) -> None:
    found = as_role("operator").post(path(city, "snapshot", "download"))
    assert found.content.startswith(AGE)
    assert found.headers["content-disposition"].endswith('.jpeg.age"')
    assert log(city)[0].what == "downloaded"
    assert as_role("responsible").post(path(city, "snapshot", "download")).status_code == 403


def test_what_is_of_another_incident_or_nothing_is_not_there(city: City, as_role: As) -> None:
    fire = f"/incident/school-12/{city.incidents['fire']}"
    for act in ("look", "download"):
        assert as_role("police").post(f"{fire}/{act}/{city.files['fight-snapshot']}", reason="so").status_code == 404
        assert as_role("police").post(path(city, "snapshot", act)[:-1] + "x", reason="so").status_code == 404


def test_who_loads_a_look_again_is_at_the_incident(city: City, as_role: As) -> None:
    found = as_role("police").get(path(city, "snapshot"))
    assert found.headers["location"] == f"/incident/school-07/{city.incidents['fight']}"
