"""Each address by each role, and the checks before all of them."""

from __future__ import annotations

import pytest

from centre.web.routes import ROUTES, STREAM, Route
from centre.web.sessions import form_token
from tests.centre.web.conftest import As, Visitor
from tests.centre.web.made_up_city import City

STAFF, CITY = {"operator", "police", "responsible"}, {"operator", "police"}
ALL = {"nobody", *STAFF}
MAY = {  # who may ask for an address at all; written here once more, by hand
    ("GET", "/login"): ALL,
    ("POST", "/login"): ALL,
    ("POST", "/logout"): STAFF,
    ("POST", "/language"): ALL,
    ("GET", "/report"): ALL,
    ("POST", "/report"): ALL,
    ("GET", "/"): STAFF,
    ("GET", "/history"): STAFF,
    ("GET", "/incident/{school}/{id}"): STAFF,
    ("GET", "/incident/{school}/{id}/story"): STAFF,
    ("GET", "/incident/{school}/{id}/files"): STAFF,
    ("POST", "/incident/{school}/{id}/answer"): STAFF,
    ("POST", "/incident/{school}/{id}/look/{evidence}"): STAFF,
    ("GET", "/incident/{school}/{id}/look/{evidence}"): STAFF,
    ("POST", "/incident/{school}/{id}/download/{evidence}"): CITY,
    ("GET", "/evidence/{ticket}"): STAFF,
    ("POST", "/incident/{school}/{id}/live"): CITY,
    ("GET", "/live/{school}/{session}"): CITY,
    ("POST", "/live/{school}/{session}/keep"): CITY,
    ("POST", "/live/{school}/{session}/stop"): CITY,
    ("GET", "/schools"): STAFF,
    ("GET", "/cameras"): STAFF,
    ("GET", "/drills"): STAFF,
    ("POST", "/drills"): {"operator"},
    ("GET", "/custody"): {"operator"},
}
ROLES = ("nobody", "operator", "police", "responsible")


def named(route: object) -> str:
    return f"{route.method} {route.path}" if isinstance(route, Route) else str(route)


def address(route: Route, city: City) -> str:
    """Of something that is there."""
    values = {
        "school": "school-07", "id": city.incidents["fight"], "evidence": city.files["fight-blurred"],
        "ticket": "none", "session": "none",
    }  # fmt: skip
    return route.path.format(**values)


def asked(visitor: Visitor, route: Route, path: str) -> int:
    return (visitor.get(path) if route.method == "GET" else visitor.post(path)).status_code


def test_the_table_has_every_address() -> None:
    assert {(one.method, one.path) for one in ROUTES} == set(MAY)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_each_address_by_each_role(route: Route, role: str, city: City, as_role: As) -> None:
    visitor = as_role(role)
    answer = visitor.get if route.method == "GET" else visitor.post
    found = answer(address(route, city))
    turned_away = found.status_code == 403 or found.headers.get("location") == "/login"
    expected = role not in MAY[route.method, route.path]
    if (route.path, route.method) in (("/logout", "POST"), ("/login", "POST")):  # these answer so to everybody
        expected = expected or route.path == "/login" or role in STAFF
    assert turned_away == expected
    assert found.status_code < 500


@pytest.mark.parametrize("route", [one for one in ROUTES if one.method == "POST"], ids=named)
@pytest.mark.parametrize("wrong", ["without", "of another", "from elsewhere"])
def test_a_form_of_another_page_does_nothing(route: Route, wrong: str, city: City, as_role: As) -> None:
    visitor = as_role("operator")
    forms = {"without": "", "of another": form_token("another"), "from elsewhere": visitor.token()}
    headers = {"sec-fetch-site": "cross-site"} if wrong == "from elsewhere" else {}
    body = {"csrf": forms[wrong]}
    found = visitor.client.post(address(route, city), data=body, headers=headers, follow_redirects=False)
    assert found.status_code == 403


@pytest.mark.parametrize("path", ["/", "/report", "/login", "/nothing", "/static/desk.js", "/incident/a/b"])
def test_every_answer_has_its_headers(path: str, as_role: As) -> None:
    headers = as_role("operator").get(path).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] in ("no-store", "no-cache" if path.startswith("/static") else "no-store")


def test_a_form_that_is_too_long_or_none_is_refused(as_role: As) -> None:
    client = as_role("nobody").client
    assert client.post("/report", content=b"a=" + b"x" * 40_000).status_code == 400
    assert client.post("/report", content=b"\xff\xfe").status_code == 400
    assert client.post("/report", content="&".join(f"a{n}=1" for n in range(100))).status_code == 400


def test_what_is_not_theirs_is_not_there(city: City, as_role: As) -> None:
    fire, tamper, medical = (city.incidents[name] for name in ("fire", "tamper", "medical"))
    assert as_role("responsible").get(f"/incident/school-12/{fire}").status_code == 404
    assert as_role("police").get(f"/incident/school-07/{medical}").status_code == 404
    assert as_role("police").get(f"/incident/school-31/{tamper}").status_code == 404  # suspected
    assert as_role("operator").get(f"/incident/school-31/{tamper}").status_code == 200
    assert as_role("operator").get(f"/incident/school-07/{tamper}").status_code == 404  # of another school


def test_the_stream_is_for_who_is_logged_in(as_role: As) -> None:
    assert as_role("nobody").get(STREAM).status_code == 401
