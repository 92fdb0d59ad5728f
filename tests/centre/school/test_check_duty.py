"""The duty roster: each rule broken alone in the example, and every hole named with its days and hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.incident_words import KINDS
from centre.school.check_duty import holes, spelt_days
from centre.school.datasets import Duty
from centre.school.faults import Findings
from centre.school.folder import read_school
from centre.school.lines import DutyLine
from centre.school.roster import is_now, is_of
from tests.centre.school.folders import changed, copied, found_in, text

NO_HEAD = "".join(line for line in text("school").splitlines(keepends=True) if not line.startswith("head"))
HEADER = "staff;rank;kinds;zones;weekdays;starts;ends;free_days\n"

WRONG = [
    ("unknown staff on duty", {"duty": text("duty") + "S-77;1;;;;;;\n"}, [("duty.csv", 5, "staff")]),
    ("duty over midnight", {"duty": text("duty") + "S-03;1;;;;20:00;08:00;\n"}, [("duty.csv", 5, "ends")]),
    ("an unknown kind", {"duty": text("duty") + "S-03;1;bulling;;;;;\n"}, [("duty.csv", 5, "kinds")]),
    ("an unknown head", {"school": changed("school", 'head = "S-05"', 'head = "S-77"')}, [("school.toml", 0, "head")]),
    ("a head of no form", {"school": changed("school", 'head = "S-05"', "head = 5")}, [("school.toml", 8, "head")]),
    ("a deadline of nothing", {"school": changed("school", "{ bullying =", "{ party =")},
     [("school.toml", 0, "deadlines")]),
    ("a deadline too short", {"school": changed("school", "[900,", "[9,")}, [("school.toml", 9, "deadlines")]),
    ("deadlines of no form", {"school": changed("school", "[900, 7200]", "900")}, [("school.toml", 9, "deadlines")]),
]  # fmt: skip


@pytest.mark.parametrize(("files", "faults"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_broken_rule_is_told_with_its_place(
    files: dict[str, str], faults: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    assert found_in(copied(tmp_path / "school", **files))[0] == faults


def test_who_may_not_answer_is_told_and_loaded(tmp_path: Path) -> None:
    files = {"duty": text("duty") + "S-01;2;;;;;;\n"}
    assert found_in(copied(tmp_path / "school", **files)) == ([], [("duty.csv", 5, "staff")])


def test_a_school_without_a_roster_is_told_and_loaded(tmp_path: Path) -> None:
    folder = copied(tmp_path / "school", duty=None, school=NO_HEAD)
    assert found_in(folder) == ([], [("duty.csv", 0, "")])
    assert found_in(copied(tmp_path / "with a head", duty=None)) == ([], [])


# --- holes ----------------------------------------------------------------------------------------------------------


def told(folder: Path) -> tuple[list[str], list[str]]:
    """What of the holes, as mistakes and as remarks."""
    findings = Findings()
    read_school(folder, findings)
    faults, remarks = ([f"{one.value} {one.what}" for one in found] for found in (findings.faults, findings.remarks))
    return faults, remarks


HOLES = [
    ("nobody at all", "", [
        "every kind name nobody on duty on days that are no school days: Monday to Sunday, 00:00 to 23:59",
        "every kind name nobody on duty on school days: Monday to Saturday, 00:00 to 23:59",
    ]),
    ("an hour of a day", "S-03;1;;;1 2 3 4 5 6;;;\nS-02;1;;;7;;11:59;\nS-02;1;;;7;13:00;;\n", [
        "every kind name nobody on duty on days that are no school days: Sunday, 12:00 to 12:59",
    ]),
    ("days that are free", "S-03;1;;;;;;no\n", [
        "every kind name nobody on duty on days that are no school days: Monday to Sunday, 00:00 to 23:59",
    ]),
    ("a workday on a Saturday", "S-03;1;;;1 2 3 4 5;;;no\nS-03;1;;;;00:00;12:00;\nS-03;1;;;7;;;\n", [
        "every kind name nobody on duty on days that are no school days: Monday to Saturday, 12:01 to 23:59",
        "every kind name nobody on duty on school days: Saturday, 12:01 to 23:59",
    ]),
    ("one kind only", "S-03;1;fire fight intrusion tamper medical other;;;;;\n", [
        "bullying name nobody on duty on days that are no school days: Monday to Sunday, 00:00 to 23:59",
        "bullying name nobody on duty on school days: Monday to Saturday, 00:00 to 23:59",
    ]),
    ("zones fill no hole", "S-03;1;fire fight bullying intrusion tamper medical;;;;;\nS-03;1;other;gym;;;;\n", [
        "other name nobody on duty on days that are no school days: Monday to Sunday, 00:00 to 23:59",
        "other name nobody on duty on school days: Monday to Saturday, 00:00 to 23:59",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "holes"), [pytest.param(*row[1:], id=row[0]) for row in HOLES])
def test_a_hole_is_named_with_kinds_days_and_hours(lines: str, holes: list[str], tmp_path: Path) -> None:
    assert told(copied(tmp_path / "without", duty=HEADER + lines, school=NO_HEAD)) == (holes, [])
    assert told(copied(tmp_path / "with a head", duty=HEADER + lines)) == ([], holes)


def test_shifts_that_meet_leave_no_hole(tmp_path: Path) -> None:
    lines = "S-02;1;;;;;07:59;\nS-03;1;;;;08:00;19:59;\nS-04;2;;;;19:00;;\n"
    assert found_in(copied(tmp_path / "school", duty=HEADER + lines, school=NO_HEAD)) == ([], [])


def test_days_are_spelt_as_people_say_them() -> None:
    assert spelt_days((1, 2, 3, 4, 5)) == "Monday to Friday"
    assert spelt_days((1, 2)) == "Monday, Tuesday"
    assert spelt_days((1, 3, 5)) == "Monday, Wednesday, Friday"
    assert spelt_days((7,)) == "Sunday"


LINES = st.builds(
    lambda kinds, zones, weekdays, free, hours: DutyLine(
        line=2, staff="S-1", kinds=tuple(kinds), zones=zones, weekdays=tuple(weekdays), free_days=free,
        starts=f"{min(hours) // 60:02d}:{min(hours) % 60:02d}", ends=f"{max(hours) // 60:02d}:{max(hours) % 60:02d}",
    ),
    st.sets(st.sampled_from(KINDS), max_size=2),
    st.sampled_from([(), ("gym",)]),
    st.sets(st.integers(1, 7), max_size=3),
    st.booleans(),
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda one: one[0] != one[1]),
)  # fmt: skip


@given(st.lists(LINES, max_size=6), st.sampled_from(KINDS), st.integers(1, 7), st.booleans(), st.integers(0, 1439))
def test_a_minute_is_in_a_hole_exactly_if_nobody_is_on_duty(
    lines: list[DutyLine], kind: str, weekday: int, free: bool, minute: int
) -> None:
    """The same rule as the centre's own chain goes by, which asks for one moment at a time."""
    day = date(2026, 11, 22) + timedelta(days=weekday)
    at = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    duties = [
        Duty(staff="0" * 16, kinds=list(one.kinds), zones=list(one.zones), weekdays=list(one.weekdays),
             starts=one.starts, ends=one.ends, free_days=one.free_days or not free)
        for one in lines
    ]  # fmt: skip
    # a day without a calendar is a school day; on a free one, lines for school days only are as if they were not there
    there = [duty for duty, line in zip(duties, lines, strict=True) if line.free_days or not free]
    somebody = any(is_of(duty, kind, "elsewhere") and is_now(duty, None, at) for duty in there)
    in_a_hole = any(first <= minute <= last for first, last in holes(lines, kind, weekday, free=free))
    assert in_a_hole is not somebody
