"""Databases of both kinds, each test its own; and a city with its broker for those that speak MQTT."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from centre.database import Database, open_database
from simulator.city import City
from simulator.postgres import Postgres
from tests.centre.databases import Databases
from tests.centre.far_box import FarBox

Open = Callable[[], Database]
NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private cluster on loopback."""
    server = Postgres(lasting=False)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.kill())  # nothing of it is kept
    server.remove()


@pytest.fixture(scope="session")
def databases(postgres: Postgres) -> Databases:
    return Databases(postgres)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database in which nothing is; of PostgreSQL the tables are there already."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/centre.db"
    databases: Databases = request.getfixturevalue("databases")
    return databases.bare() if request.param == "bare postgres" else databases.empty()


@pytest.fixture
def open_one(database_url: str) -> Iterator[Open]:
    """Another connection to the same database; closed at the end."""
    opened: list[Database] = []

    def open_() -> Database:
        opened.append(open_database(database_url))
        return opened[-1]

    yield open_
    for database in opened:
        database.close()


@contextmanager
def make_city(*, postgres: bool = False) -> Iterator[City]:
    """Made by the centre's own commands, its broker running; no receiver is started.

    Not in pytest's folder: each new run of pytest closes that to others, and the broker drops to its own user.
    """
    folder = Path(tempfile.mkdtemp(prefix="mektep-city-"))
    folder.chmod(0o711)
    made = City(folder, postgres=postgres)
    try:
        asyncio.run(made.make())
        asyncio.run(made.start_broker())
        yield made
    finally:
        asyncio.run(made.stop())
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    with make_city() as made:
        yield made


@pytest.fixture(scope="module")
def receiver(city: City) -> Iterator[None]:
    """The city's first receiver runs."""
    asyncio.run(city.receivers[0].start())
    yield
    asyncio.run(city.receivers[0].stop())


@pytest.fixture
def box(city: City, tmp_path: Path) -> Iterator[FarBox]:
    """Registered, connected with its certificate; a school that no test had before."""
    made = FarBox(f"school-{next(NUMBERS)}")
    city.add_school(made.school, made.key_base64, tmp_path / "box")
    yield made.connect(city.port, tmp_path / "box")
    made.close()
