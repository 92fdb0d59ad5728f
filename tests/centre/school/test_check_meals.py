"""Meals, tariffs, entitlements: each rule broken alone in the example, and nothing else said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.centre.school.folders import changed, copied, found_in, text

LAST = len(text("entitlements").splitlines()) + 1


def more(line: str) -> dict[str, str | None]:
    return {"entitlements": text("entitlements") + line + "\n"}


WRONG: list[tuple[str, dict[str, str | None], list[tuple[str, int, str]]]] = [
    ("an unknown pupil", more("P-7;paid;lunch;2026-09-01;2026-10-01"), [("entitlements.csv", LAST, "pupil")]),
    ("an unknown programme", more("P-9002;gift;lunch;2026-09-01;2026-10-01"),
     [("entitlements.csv", LAST, "programme")]),
    ("an unknown meal", more("P-9002;paid;dinner;2026-09-01;2026-10-01"), [("entitlements.csv", LAST, "meals")]),
    ("no meal", more("P-9002;paid;;2026-09-01;2026-10-01"), [("entitlements.csv", LAST, "meals")]),
    ("turned", more("P-9002;paid;lunch;2026-10-01;2026-09-01"), [("entitlements.csv", LAST, "last")]),
    ("outside the year", more("P-9002;paid;lunch;2026-09-01;2027-06-01"), [("entitlements.csv", LAST, "last")]),
    ("overlapping", more("P-9001;fund;breakfast lunch;2027-05-25;2027-05-25"), [("entitlements.csv", LAST, "first")]),
    ("a day without a tariff", {"tariffs": changed("tariffs", "fund;2026-09-01", "fund;2026-12-31")},
     [("entitlements.csv", 5, "first"), ("entitlements.csv", 7, "first")]),
    ("a tariff twice", {"tariffs": text("tariffs") + "paid;01.09.2026;700\n"}, [("tariffs.csv", 6, "first")]),
    ("a meal twice", {"meals": text("meals") + "lunch;17:00;18:00;2\n"}, [("meals.csv", 5, "meal")]),
    ("two meals at one time", {"meals": text("meals") + "fruit;11:30;12:00;\n"}, [("meals.csv", 5, "starts")]),
    ("a meal that ends before it begins", {"meals": changed("meals", "11:00;13:20", "11:00;10:20")},
     [("meals.csv", 3, "ends")]),
    ("a meal of no shift", {"meals": changed("meals", "16:40;2", "16:40;3")}, [("meals.csv", 4, "shifts")]),
    ("entitlements without meals", {"meals": None},
     [("entitlements.csv", 0, ""), ("tariffs.csv", 0, "")]),
    ("meals without tariffs", {"meals": text("meals"), "tariffs": None, "entitlements": None},
     [("tariffs.csv", 0, "programme")]),
]  # fmt: skip


@pytest.mark.parametrize(("files", "faults"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_broken_rule_is_told_with_its_place(
    files: dict[str, str | None], faults: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    assert found_in(copied(tmp_path / "school", **files))[0] == faults


def test_meals_of_two_shifts_may_be_served_at_one_time(tmp_path: Path) -> None:
    meals = changed("meals", "14:10;16:40", "12:10;16:40")
    assert found_in(copied(tmp_path / "school", meals=meals)) == ([], [])


def test_a_school_that_serves_nothing_needs_none_of_the_files(tmp_path: Path) -> None:
    assert found_in(copied(tmp_path / "school", meals=None, tariffs=None, entitlements=None)) == ([], [])


def test_nobody_entitled_is_told(tmp_path: Path) -> None:
    folder = copied(tmp_path / "school", entitlements=None)
    assert found_in(folder) == ([], [("entitlements.csv", 0, "")])


def test_one_entitlement_may_end_the_day_before_another_begins(tmp_path: Path) -> None:
    lines = "P-9002;paid;lunch;2026-09-01;2026-10-01\nP-9002;fund;lunch;2026-10-02;2026-12-31"
    assert found_in(copied(tmp_path / "school", **more(lines))) == ([], [])
