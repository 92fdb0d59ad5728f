"""A made-up city, its desk, and visitors of each role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from centre.web.databases import Databases
from centre.web.routes import application
from centre.web.sessions import Sessions
from centre.web.visit import Desk
from tests.centre.web.made_up_city import City, fill, made

NAMES = {"operator": "olga", "police": "bolat", "responsible": "anna"}


@dataclass
class Visitor:
    """A browser without a screen, logged in or not."""

    client: TestClient
    city: City

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.client.get(path, headers=headers, follow_redirects=False)

    def token(self) -> str:
        """As a form has it."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.get("/report").text)
        assert found
        return found[1]

    def post(self, path: str, **form: str) -> httpx2.Response:
        return self.client.post(path, data={"csrf": self.token(), **form}, follow_redirects=False)


As = Callable[[str], Visitor]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    found = made(tmp_path_factory.mktemp("city"))
    fill(found)
    return found


def desk_of(city: City) -> Desk:
    return Desk(city.settings, Databases(city.settings.database), secure=False)


@pytest.fixture(scope="module")
def desk(city: City) -> Desk:
    return desk_of(city)


@pytest.fixture(scope="module")
def as_role(city: City, desk: Desk) -> Iterator[As]:
    """By role, or by an account's name."""
    app, clients = application(desk), []

    def visitor(role: str) -> Visitor:
        client = TestClient(app)
        clients.append(client)
        if role != "nobody":
            client.cookies.set("desk", Sessions(city.store.database).begin(NAMES.get(role, role)))
        return Visitor(client, city)

    yield visitor
    for client in clients:
        client.close()


@pytest.fixture
def fresh(tmp_path: Path, database_url: str) -> City:
    """Of either database, without accounts and incidents."""
    return made(tmp_path, database_url, accounts=False)
