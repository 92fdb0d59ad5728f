"""Whether a child may have a meal, and what it costs, by the data that were loaded."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from centre.database import SqliteDatabase
from centre.entitlement import NOTHING, Right, meals_of, right
from centre.school.datasets import Entitlement, Meals, Programme, Tariff
from centre.school.kept import note_loaded

ANNA = "a" * 16
TARIFFS = [Tariff(first="2026-09-01", tenge=900), Tariff(first="2026-11-01", tenge=950)]
MEALS = Meals(
    meals=[],
    programmes=[Programme(programme="free-1-4", tariffs=TARIFFS), Programme(programme="paid", tariffs=[])],
    entitlements=[
        Entitlement(pupil=ANNA, programme="paid", meals=["dinner"], first="2026-09-01", last="2027-05-25"),
        Entitlement(pupil=ANNA, programme="free-1-4", meals=["lunch"], first="2026-09-01", last="2026-12-31"),
    ],
    grace_s=60,
)


@pytest.mark.parametrize(
    ("pupil", "day", "meal", "expected"),
    [
        (ANNA, "2026-10-31", "lunch", 900), (ANNA, "2026-11-01", "lunch", 950), (ANNA, "2026-12-31", "lunch", 950),
        (ANNA, "2027-01-01", "lunch", None), (ANNA, "2026-08-31", "lunch", None), (ANNA, "2026-11-01", "dinner", None),
        ("b" * 16, "2026-11-01", "lunch", None),
    ],
)  # fmt: skip
def test_the_right_of_a_day(pupil: str, day: str, meal: str, expected: int | None) -> None:
    assert right(MEALS, pupil, day, meal) == (Right("free-1-4", expected) if expected else None)


def test_they_are_those_loaded_last(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "centre.db")
    assert meals_of(database, "school-07") == NOTHING
    with database.transaction():
        note_loaded(database, "school-07", {"meals": msgspec.json.encode(MEALS)})
    assert meals_of(database, "school-07") == MEALS
    database.close()
