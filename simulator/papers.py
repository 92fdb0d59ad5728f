"""The roll as the files that a school's office hands to the centre: docs/school-data.md."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from simulator.roll import Roll
from simulator.school_time import DAY_END_MIN, RUSH_MIN

LUNCH = {1: "lunch", 2: "late-lunch"}  # by shift: each is served now
SERVED_MIN = (RUSH_MIN - 40, DAY_END_MIN - 30)
FIRST_LESSON = {1: 8 * 60, 2: 14 * 60}
RESPONSIBLE = (("deputy-head", "incidents"), ("guard", "incidents"))
DUTY = (("guard", 1), ("deputy-head", 2))  # day and night, for every kind: no hole
LESSONS, LESSON_MIN, BREAK_MIN = 5, 40, 10
Rows = Iterable[Sequence[object]]


def write(folder: Path, roll: Roll, *, offset_min: int, grace_s: int) -> None:
    """All files of the folder, in place of what was there."""
    write_files(folder, _year(roll, offset_min, grace_s), _tables(roll))


def write_files(folder: Path, year: str, tables: Mapping[str, tuple[str, Rows]]) -> None:
    """school.toml, and each table with its header."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "school.toml").write_text(year)
    for name, (header, rows) in tables.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(header.split())
            writer.writerows(rows)


def _year(roll: Roll, offset_min: int, grace_s: int) -> str:
    return (
        f"first = {roll.first_day()}\nlast = {roll.last_day()}\nweekdays = [1, 2, 3, 4, 5, 6, 7]\n"
        f'utc_offset_min = {offset_min}\ngrace_s = {grace_s}\nreader_forms = ["em4100"]\n'
    )


def _tables(roll: Roll) -> dict[str, tuple[str, Rows]]:
    shift_of = {one.name: one.shift for one in roll.classes}
    lunch_of = {child.id: LUNCH[shift_of[child.class_]] for child in roll.children}
    return {
        "classes": ("class shift", roll.classes),
        "pupils": ("pupil class", [(child.id, child.class_) for child in roll.children]),
        "staff": ("staff may", [*((operator, "meals") for operator, _ in roll.operators), *RESPONSIBLE]),
        "duty": ("staff rank", DUTY),
        "cards": ("pupil staff form number blocked", list(_cards(roll))),
        "bells": ("shift lesson starts ends", list(bells())),
        "meals": ("meal starts ends shifts", [(meal, *map(_time, SERVED_MIN), shift) for shift, meal in LUNCH.items()]),
        "tariffs": (
            "programme first tenge",
            [(one.name, first, tenge) for one in roll.programmes for first, tenge in one.tariffs],
        ),
        "entitlements": (
            "pupil programme meals first last",
            [(one.child, one.programme, lunch_of[one.child], one.first, one.last) for one in roll.rights],
        ),
    }


def _cards(roll: Roll) -> Rows:
    for child in roll.children:
        yield from ((child.id, "", "em4100", card.hex().upper(), "no") for card in child.cards)
        yield from ((child.id, "", "em4100", card.hex().upper(), "yes") for card in child.blocked)
    for operator, card in roll.operators:
        yield "", operator, "em4100", card.hex().upper(), "no"


def bells() -> Rows:
    """Of both shifts."""
    for shift, first in FIRST_LESSON.items():
        for lesson in range(LESSONS):
            starts = first + lesson * (LESSON_MIN + BREAK_MIN)
            yield shift, lesson + 1, _time(starts), _time(starts + LESSON_MIN)


def _time(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
