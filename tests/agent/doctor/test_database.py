"""The database: whole, damaged, newer, locked, held, too large for the time given."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from agent import db
from agent.doctor import database as checks
from agent.doctor.database import database
from agent.doctor.site import Site
from tests.agent.doctor.boxes import configured, told
from tests.agent.outbox.box import holding


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = configured(tmp_path)
    db.connect(made.places.database).close()
    return made


def test_a_whole_one_tells_its_size(site: Site) -> None:
    (found,) = database(site)
    assert told([found]) == ["ok"]
    assert f"schema {db.newest_version()}, whole" in found.fact


def test_none_yet_is_no_fault(tmp_path: Path) -> None:
    assert told(database(configured(tmp_path))) == ["ok"]


def test_a_writer_of_the_agents_own_is_no_fault_and_a_foreign_one_is_named(site: Site) -> None:
    with holding(site.places.database, "begin immediate") as pid:
        (found,) = database(site)
        assert told([found]) == ["fault D-122"]
        assert str(pid) in found.fact
        assert told(database(msgspec.structs.replace(site, alive=True))) == ["ok"]


def test_past_a_lock_of_everything_it_is_read_as_it_was(site: Site) -> None:
    with holding(site.places.database, "pragma locking_mode=exclusive", "begin exclusive"):
        assert "fault D-101" not in told(database(site))
        assert "fault D-103" not in told(database(site))


@pytest.mark.parametrize("at", [0, 4_096])
def test_damage_is_found(site: Site, at: int) -> None:
    path = site.places.database
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode=delete").fetchone()
    with open(path, "r+b") as out:
        out.seek(at)
        out.write(b"\xa5" * 3_000)
    assert told(database(site)) == ["fault D-103"]


def test_one_of_a_newer_agent_is_left_alone(site: Site) -> None:
    with closing(sqlite3.connect(site.places.database)) as connection:
        connection.execute(f"pragma user_version={db.newest_version() + 1}")
    assert told(database(site)) == ["fault D-105"]


def test_one_that_is_too_large_is_not_checked_to_its_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "STEPS", 1)
    assert told(database(msgspec.structs.replace(site, patience_s=-1.0))) == ["note H-117"]


def test_a_log_that_has_grown_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "TOO_LONG_BYTES", -1)
    assert told(database(site)) == ["warn D-124"]
