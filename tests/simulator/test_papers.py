"""The office's files: each child, card and right is there once, and it is the meal's time."""

from __future__ import annotations

import csv
import tomllib
from datetime import date
from pathlib import Path

from simulator import papers
from simulator.roll import made_up
from simulator.school_time import RUSH_MIN

ROLL = made_up(date(2026, 11, 26), pupils=300, eaters=60)


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_the_files_say_what_the_roll_says(tmp_path: Path) -> None:
    papers.write(tmp_path, ROLL, offset_min=-240, grace_s=3)
    year = tomllib.loads((tmp_path / "school.toml").read_text())
    assert (year["utc_offset_min"], year["grace_s"]) == (-240, 3)
    assert year["first"] < ROLL.day < year["last"]
    assert [row["pupil"] for row in table(tmp_path, "pupils")] == [child.id for child in ROLL.children]
    blocked = {row["number"] for row in table(tmp_path, "cards") if row["blocked"] == "yes"}
    assert blocked == {card.hex().upper() for child in ROLL.children for card in child.blocked}
    assert len(table(tmp_path, "entitlements")) == len(ROLL.rights)
    assert {row["may"] for row in table(tmp_path, "staff")} == {"meals", "incidents"}


def test_each_child_who_eats_is_served_in_the_rush(tmp_path: Path) -> None:
    papers.write(tmp_path, ROLL, offset_min=300, grace_s=3)
    shift_of = {one.name: f"{one.shift}" for one in ROLL.classes}
    class_of = {child.id: child.class_ for child in ROLL.children}
    now = f"{RUSH_MIN // 60:02d}:{RUSH_MIN % 60:02d}"
    meals = {row["meal"]: row for row in table(tmp_path, "meals")}
    for right in table(tmp_path, "entitlements"):
        meal = meals[right["meals"]]
        assert meal["starts"] < now < meal["ends"]
        assert meal["shifts"] == shift_of[class_of[right["pupil"]]]
