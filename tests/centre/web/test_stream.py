"""The board as it changes: what comes over the line, of a desk that is really served."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from centre.accounts import Account, Accounts
from centre.web import stream
from centre.web.sessions import Sessions
from tests.centre.web.made_up_city import PASSWORD, City
from tests.centre.web.served import served

Event = dict[str, str]


@pytest.fixture
def token(fresh: City) -> str:
    Accounts(fresh.store.database).add(Account(name="olga", role="operator"), PASSWORD)
    return Sessions(fresh.store.database).begin("olga")


@pytest.fixture
def url(fresh: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(stream, "BEAT_S", 0.2)
    monkeypatch.setattr(stream, "COMMENT_S", 0.3)
    with served(fresh.settings) as found:
        yield found


@contextmanager
def opened(url: str, token: str, last: str = "") -> Iterator[http.client.HTTPResponse]:
    place = urlsplit(url)
    with closing(http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)) as connection:
        connection.request("GET", "/stream", headers={"Cookie": f"desk={token}", "Last-Event-ID": last})
        yield connection.getresponse()


def events(answer: http.client.HTTPResponse) -> Iterator[Event]:
    """As the line has them; a comment is an event without a name."""
    found: Event = {}
    for line in answer:
        text = line.decode().rstrip("\n")
        if not text:
            yield found
            found = {}
        else:
            name, _, value = text.partition(":")
            found[name] = found.get(name, "") + value.strip()


def first(all_: Iterator[Event], wanted: Callable[[Event], bool]) -> Event:
    return next(one for one in all_ if wanted(one))


def is_board(one: Event) -> bool:
    return "data" in one and "event" not in one


def test_the_board_comes_at_once_then_when_it_changes(fresh: City, token: str, url: str) -> None:
    with opened(url, token) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        lines = events(answer)
        before = first(lines, is_board)
        assert before["id"]
        name = fresh.boxes["school-07"].opens("fight", "hall", "fight", "camera", ago_s=1)
        after = first(lines, is_board)
        assert name in after["data"]
        assert after["id"] != before["id"]
        assert first(lines, lambda one: one.get("event") == "beat")["data"].startswith("20")
        assert first(lines, lambda one: "" in one)[""] == "here"


def test_who_comes_back_gets_only_what_is_new(fresh: City, token: str, url: str) -> None:
    with opened(url, token) as answer:
        last = first(events(answer), is_board)["id"]
    with opened(url, token, last) as answer:
        assert "beat" in next(events(answer))["event"]
    fresh.boxes["school-07"].opens("fight", "hall", "fight", "camera", ago_s=1)
    with opened(url, token, last) as answer:
        assert first(events(answer), is_board)["id"] != last


def test_a_session_that_ends_ends_the_stream(fresh: City, token: str, url: str) -> None:
    with opened(url, token) as answer:
        lines = events(answer)
        first(lines, is_board)
        Sessions(fresh.store.database).end(token)
        assert first(lines, lambda one: one.get("event") == "over")
        assert list(lines) == []


def test_too_many_are_turned_away(fresh: City, token: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "STREAMS_MAX", 0)
    with opened(url, token) as answer:
        assert answer.status == 503
