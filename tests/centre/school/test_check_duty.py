"""The duty roster: each rule broken alone in the example, and every hole named with its days and hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.incident_words import KINDS
from centre.school.check_duty import holes, spelt_days
from centre.school.datasets import Calendar, Duty
from centre.school.faults import Findings
from centre.school.folder import read_school
from centre.school.lines import DutyLine
from centre.school.roster import is_now, is_of
from tests.centre.school.folders import changed, copied, found_in, text

NO_HEAD = "".join(line for line in text("school").splitlines(keepends=True) if not line.startswith("head"))
HEADER = "staff;rank;kinds;zones;weekdays;starts;ends;free_days\n"

WRONG = [
    ("unknown staff on duty", {"duty": text("duty") + "S-77;1;;;;;;\n"}, [("duty.csv", 5, "staff")]),
    ("a duty of no length", {"duty": text("duty") + "S-03;1;;;;20:00;20:00;\n"}, [("duty.csv", 5, "ends")]),
    ("a zone of two words", {"duty": text("duty") + f"S-03;1;;{'з' * 65};;;;\n"}, [("duty.csv", 5, "zones")]),
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


def test_a_night_is_one_line(tmp_path: Path) -> None:
    day, night = "S-02;1;;;;08:00;19:59;\n", "S-03;1;;;;20:00;07:59;\n"
    assert found_in(copied(tmp_path / "whole", duty=HEADER + day + night, school=NO_HEAD)) == ([], [])
    friday = "S-03;1;;;1 2 3 4 5;20:00;07:59;\n"
    faults, _ = told(copied(tmp_path / "without Saturday", duty=HEADER + day + friday, school=NO_HEAD))
    assert set(faults) == {
        "every kind name nobody on duty on days that are no school days: Saturday, 20:00 to 23:59",
        "every kind name nobody on duty on days that are no school days: Sunday, 00:00 to 07:59, 20:00 to 23:59",
        "every kind name nobody on duty on days that are no school days: Monday, 00:00 to 07:59",
        "every kind name nobody on duty on school days: Saturday, 20:00 to 23:59",
        "every kind name nobody on duty on school days: Monday, 00:00 to 07:59",
    }


def test_zones_are_places_as_the_school_names_them(tmp_path: Path) -> None:
    duty = HEADER + "S-02;1;;;;;;\nS-03;1;fight;Большой-спортзал gym;;;;\n"
    school = read_school(copied(tmp_path / "school", duty=duty), Findings())
    assert school is not None
    assert school.duty is not None
    assert school.duty[1].zones == ("большой-спортзал", "gym")
    zones = Duty(staff="0" * 16, zones=list(school.duty[1].zones))
    assert is_of(zones, "fight", "Большой спортзал")
    assert not is_of(zones, "fight", "Малый спортзал")


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
        starts=f"{hours[0] // 60:02d}:{hours[0] % 60:02d}", ends=f"{hours[1] // 60:02d}:{hours[1] % 60:02d}",
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
             starts=one.starts, ends=one.ends, free_days=one.free_days)
        for one in lines
    ]  # fmt: skip
    calendar = Calendar(  # the day before is a free one: that is when most is missing
        utc_offset_min=300, first="2026-09-01", last="2027-05-25", weekdays=[] if free else [weekday], holidays=[],
        workdays=[], shifts=[], late_after_min=5,
    )  # fmt: skip
    somebody = any(is_of(duty, kind, "elsewhere") and is_now(duty, calendar, at) for duty in duties)
    in_a_hole = any(first <= minute <= last for first, last in holes(lines, kind, weekday, free=free))
    assert in_a_hole is not somebody
