"""What people add: kept as they said it, one after the other; only erasure touches what was said of a child."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from centre.corrections import AttendanceOf, Corrections, Erasure, MealOf, bodies, corrected
from centre.database import Database, SqliteDatabase
from centre.money import Assigned
from tests.centre.conftest import Open

ANNA, BOLAT, SCHOOL = "a" * 16, "b" * 16, "school-07"


def meal(pupil: str = ANNA, leaf: str = "e/1") -> MealOf:
    return MealOf(
        leaf=leaf, pupil=pupil, day="2026-11-23", meal="lunch", programme="free-1-4", tenge=950, reason="was seen"
    )  # fmt: skip


ABSENT = AttendanceOf(pupil=ANNA, day="2026-11-23", state="absent", reason="ill")
ERASURE = Erasure(events=3, leaves=2, unpaid=["e/9"], reason="moved away")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = SqliteDatabase(tmp_path / "centre.db")
    yield opened
    opened.close()


def test_each_is_kept_with_its_author(open_one: Open) -> None:
    corrections = Corrections(open_one())
    for body in (meal(), ABSENT, ERASURE):
        corrections.add(SCHOOL, "Айгүл", body)
    found = corrections.of(SCHOOL)
    assert [(one.author, one.kind, one.body) for one in found] == [
        ("Айгүл", "meal", meal()), ("Айгүл", "attendance", ABSENT), ("Айгүл", "erasure", ERASURE),
    ]  # fmt: skip
    assert found[0].made.startswith("20")
    assert bodies(found, AttendanceOf) == [ABSENT]
    assert corrections.of("school-08") == []


def test_what_they_mean_for_the_money(database: Database) -> None:
    corrections = Corrections(database)
    for body in (meal(), meal(BOLAT), meal(BOLAT, "e/2"), ERASURE):
        corrections.add(SCHOOL, "x", body)
    found = corrected(corrections.of(SCHOOL))
    assert found.assigned == {"e/1": Assigned(ANNA, "free-1-4", 950), "e/2": Assigned(BOLAT, "free-1-4", 950)}
    assert found.unpaid == {"e/9"}


def test_a_child_is_forgotten_and_its_money_is_not(database: Database) -> None:
    corrections = Corrections(database)
    for body in (meal(), meal(BOLAT, "e/2"), ABSENT):
        corrections.add(SCHOOL, "x", body)
    corrections.forget(SCHOOL, ANNA)
    assert [getattr(one.body, "pupil", None) for one in corrections.of(SCHOOL)] == ["", BOLAT, ""]
    assert corrected(corrections.of(SCHOOL)).assigned["e/1"] == Assigned("", "free-1-4", 950)
    assert ANNA not in str(database.execute("select body from correction"))
