"""Classes, pupils, staff, days, bells: each rule broken alone in the example, and nothing else said."""

from __future__ import annotations

from pathlib import Path

import pytest

from centre.school.check_people import looks
from tests.centre.school.folders import changed, copied, found_in, text

WRONG = [
    ("a pupil twice", {"pupils": text("pupils") + "P-1001;1А;\n"}, [("pupils.csv", 10, "pupil")]),
    ("a class twice", {"classes": text("classes") + "5А;1\n"}, [("classes.csv", 6, "class")]),
    ("two classes that look the same", {"classes": text("classes") + "5A;1\n"}, [("classes.csv", 6, "class")]),
    ("an unknown class", {"pupils": changed("pupils", "P-1001;1А", "P-1001;7А")}, [("pupils.csv", 2, "class")]),
    ("a Latin letter", {"pupils": changed("pupils", "P-1001;1А", "P-1001;1A")}, [("pupils.csv", 2, "class")]),
    ("staff twice", {"staff": text("staff") + "S-01;;\n"}, [("staff.csv", 7, "staff")]),
    ("a shift without bells", {"classes": changed("classes", "9В;1", "9В;3")}, [("classes.csv", 5, "shift")]),
    ("holidays turned", {"holidays": changed("holidays", "2026-11-01", "2026-10-01")}, [("holidays.csv", 2, "last")]),
    ("holidays that overlap", {"holidays": changed("holidays", "2026-11-01", "2026-12-16")},
     [("holidays.csv", 3, "first")]),
    ("holidays outside the year", {"holidays": changed("holidays", "2027-05-07;2027-05-07", "2027-05-07;2027-06-07")},
     [("holidays.csv", 6, "last")]),
    ("a workday outside the year", {"workdays": "day\n2026-08-31\n"}, [("workdays.csv", 2, "day")]),
    ("a workday twice", {"workdays": "day\n2026-11-14\n14.11.2026\n"}, [("workdays.csv", 3, "day")]),
    ("a lesson that ends before it begins", {"bells": changed("bells", "08:00;08:45", "08:00;07:45")},
     [("bells.csv", 2, "ends")]),
    ("lessons that overlap", {"bells": changed("bells", "08:55;09:40", "08:40;09:40")}, [("bells.csv", 3, "starts")]),
    ("lessons out of order", {"bells": changed("bells", "1;2;08:55", "1;0;08:55")}, [("bells.csv", 3, "lesson")]),
]  # fmt: skip


@pytest.mark.parametrize(("files", "faults"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_broken_rule_is_told_with_its_place(
    files: dict[str, str], faults: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    assert found_in(copied(tmp_path / "school", **files))[0] == faults


REMARKS = [
    ("a class with no pupils", {"classes": text("classes") + "11Г;1\n"}, [("classes.csv", 6, "class")]),
    ("nobody gives meals", {"staff": text("staff").replace("meals", "incidents")}, [("staff.csv", 0, "may")]),
]


@pytest.mark.parametrize(("files", "remarks"), [pytest.param(*row[1:], id=row[0]) for row in REMARKS])
def test_what_is_to_be_looked_at_is_told_and_loaded(
    files: dict[str, str], remarks: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    assert found_in(copied(tmp_path / "school", **files)) == ([], remarks)


def test_names_that_look_the_same_are_known() -> None:
    assert looks("5А") == looks("5A") == looks("5-а")
    assert looks("5А") != looks("5Б")
