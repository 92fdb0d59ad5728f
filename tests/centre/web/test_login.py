"""Logging in and out, and the language."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from centre.web.routes import application
from centre.web.visit import Desk
from tests.centre.web.conftest import As, Visitor, desk_of
from tests.centre.web.made_up_city import PASSWORD, City


@pytest.fixture
def visitor(city: City) -> Visitor:
    """Of a desk that nobody has tried yet."""
    return Visitor(TestClient(application(desk_of(city))), city)


def test_who_logs_in_gets_a_cookie_that_no_script_reads(visitor: Visitor) -> None:
    found = visitor.post("/login", name=" Olga ", password=PASSWORD)
    assert (found.status_code, found.headers["location"]) == (303, "/")
    cookie = found.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert visitor.get("/").status_code == 200
    assert visitor.get("/login").headers["location"] == "/"


def test_over_tls_the_cookie_is_for_tls_and_this_host_alone(city: City) -> None:
    desk = Desk(city.settings, desk_of(city).databases, secure=True)
    client = TestClient(application(desk), base_url="https://desk.example")
    found = Visitor(client, city).post("/login", name="olga", password=PASSWORD)
    cookie = found.headers["set-cookie"]
    assert cookie.startswith("__Host-desk=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


@pytest.mark.parametrize(("name", "password"), [("olga", "wrong words!"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_password_tells_nothing(visitor: Visitor, name: str, password: str) -> None:
    found = visitor.post("/login", name=name, password=password)
    assert found.status_code == 403
    assert "desk=" not in found.headers.get("set-cookie", "")


def test_after_five_wrong_ones_even_the_right_one_waits(visitor: Visitor) -> None:
    for _ in range(5):
        assert visitor.post("/login", name="olga", password="wrong words!").status_code == 403
    assert visitor.post("/login", name="olga", password=PASSWORD).status_code == 429
    assert visitor.post("/login", name="bolat", password=PASSWORD).status_code == 303


def test_who_logs_out_is_out(as_role: As) -> None:
    visitor = as_role("operator")
    kept = dict(visitor.client.cookies)
    assert visitor.post("/logout").headers["location"] == "/login"
    visitor.client.cookies.update(kept)
    assert visitor.get("/").headers["location"] == "/login"  # the cookie alone is nothing any more


def test_the_language_is_kept_for_browser_and_account(city: City, visitor: Visitor, as_role: As) -> None:
    assert '<html lang="en">' in visitor.get("/report", **{"accept-language": "de, en-GB;q=0.8"}).text
    assert '<html lang="kk">' in visitor.get("/report?language=kk").text
    assert visitor.post("/language", language="kk", back="/report").headers["location"] == "/report"
    assert '<html lang="kk">' in visitor.get("/report").text
    dana = as_role("dana")
    assert '<html lang="kk">' in dana.get("/").text
    dana.post("/language", language="en")
    assert '<html lang="en">' in as_role("dana").get("/").text
    dana.post("/language", language="xx")
    assert '<html lang="en">' in as_role("dana").get("/").text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "/\\evil.example", "", "/\n"])
def test_the_way_back_leads_nowhere_else(visitor: Visitor, back: str) -> None:
    assert visitor.post("/language", language="kk", back=back).headers["location"] == "/"
