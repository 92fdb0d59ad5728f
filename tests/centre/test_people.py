"""A pupil by id or key, and who makes a record."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from centre import people
from centre.database import SqliteDatabase
from centre.errors import CentreError


def test_a_pupil_by_either_name(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "centre.db")
    sql = "insert into person (school, key, kind, external, class, name) values (?, ?, ?, ?, '', '')"
    database.execute(sql, ("school-07", "a" * 16, "pupil", "1234"))
    database.execute(sql, ("school-07", "b" * 16, "staff", "77"))
    for name in ("1234", "a" * 16):
        assert people.pupil_key(database, "school-07", name) == "a" * 16
    assert people.pupil_key(database, "school-07", "c" * 16) == "c" * 16
    for school, name in (("school-07", "77"), ("school-08", "1234"), ("school-07", "A" * 16), ("school-07", "%")):
        with pytest.raises(CentreError, match="K-151"):
            people.pupil_key(database, school, name)
    database.close()


def test_an_author(monkeypatch: pytest.MonkeyPatch) -> None:
    assert people.author("Aigul") == "Aigul"
    monkeypatch.setattr(getpass, "getuser", lambda: "operator")
    assert people.author(None) == "operator"

    def nobody() -> str:
        raise OSError("no name")

    monkeypatch.setattr(getpass, "getuser", nobody)
    with pytest.raises(CentreError, match="K-155"):
        people.author(None)
