"""Requests as they are read: forms, languages, cookies."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from centre.accounts import Account
from centre.errors import CentreError
from centre.web.visit import Desk, Visit, form_of, language_of
from tests.centre.web.conftest import City

KAZAKH = Account(name="a", role="police", language="kk")


def request(body: bytes = b"", method: str = "POST", query: bytes = b"", accept: str = "") -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"accept-language", accept.encode())]
    scope = {"type": "http", "method": method, "headers": headers, "query_string": query, "path": "/"}
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"a=1&b=%D0%B0", {"a": "1", "b": "а"}),
        (b"", {}),
        (b"a=1&a=2", {"a": "1"}),
        (b"\xff", None),
        (b"a" * 40_000, None),
    ],
)
async def test_a_form(body: bytes, form: dict[str, str] | None) -> None:
    assert await form_of(request(body)) == form


async def test_a_page_has_no_form() -> None:
    assert await form_of(request(b"a=1", "GET")) == {}


@pytest.mark.parametrize(
    ("account", "query", "cookie", "accept", "language"),
    [
        (None, b"", "", "", "ru"),
        (None, b"", "", "kk-KZ,ru;q=0.9", "kk"),
        (None, b"", "en", "kk", "en"),
        (None, b"language=kk", "en", "", "kk"),
        (KAZAKH, b"language=en", "ru", "ru", "kk"),
        (None, b"language=xx", "yy", "zz", "ru"),
    ],
)
def test_a_language(account: Account | None, query: bytes, cookie: str, accept: str, language: str) -> None:
    assert language_of(request(query=query, accept=accept), account, cookie) == language


def test_nobody_is_no_account(desk: Desk, city: City) -> None:
    visit = Visit(desk=desk, database=city.store.database, here="/", path={}, query={}, form={}, address="", token="",
                  language="ru")  # fmt: skip
    assert visit.role == "nobody"
    with pytest.raises(CentreError):
        _ = visit.who
