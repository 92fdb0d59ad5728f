"""school.toml: what it may say, and each mistake with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from centre.school.faults import Findings
from centre.school.year import ANY_YEAR, Year, outlived, read_year, year_of
from tests.centre.school.folders import EXAMPLE

GOOD = "first = 2026-09-01\nlast = 2027-05-25\n"


def test_the_example_is_read() -> None:
    findings = Findings()
    assert read_year(EXAMPLE / "school.toml", findings) == Year(
        first="2026-09-01", last="2027-05-25", head="S-05", deadlines=(("bullying", 900, 7_200),)
    )
    assert findings.faults == []


def test_what_is_given_counts() -> None:
    text = (
        '\ufefffirst = "01.09.2026"\r\nlast = 2027-05-25\r\nweekdays = [6, 1]\r\nreader_forms = ["uid4", "em4100"]\r\n'
    )
    found = year_of(text.removeprefix("\ufeff"), Findings())
    assert (found.first, found.weekdays, found.reader_forms) == ("2026-09-01", (1, 6), ("em4100", "uid4"))


WRONG = [
    ("late_after_min = 500", 3, "late_after_min"),
    ("late_after_min = true", 3, "late_after_min"),
    ("late_after_mim = 5", 3, "late_after_mim"),
    ("weekdays = []", 3, "weekdays"),
    ("weekdays = [0]", 3, "weekdays"),
    ('weekdays = ["Monday"]', 3, "weekdays"),
    ('reader_forms = ["wiegand"]', 3, "reader_forms"),
    ("utc_offset_min = 5.0", 3, "utc_offset_min"),
    ("grace_s", 3, ""),
    ("x = " + "[" * 5_000, 0, ""),
]


@pytest.mark.parametrize(("line", "number", "key"), WRONG)
def test_a_mistake_has_its_line(line: str, number: int, key: str) -> None:
    findings = Findings()
    year_of(f"{GOOD}{line}\n", findings)
    (fault,) = findings.faults
    assert (fault.column, number in (0, fault.line)) == (key, True)


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("last = 2027-05-25\n", "first", "is missing"),
        ("first = 2026-09-01\n", "last", "is missing"),
        ("first = 2027-09-01\nlast = 2027-05-25\n", "last", "before"),
        ("first = 2026-13-01\nlast = 2027-05-25\n", "", "no TOML"),
        ("first = 20260901\nlast = 2027-05-25\n", "first", "no day"),
    ],
)
def test_the_days_of_the_year_must_be_there_and_in_order(text: str, column: str, what: str) -> None:
    findings = Findings()
    year_of(text, findings)
    assert [(one.column, what in one.what) for one in findings.faults] == [(column, True)]


@pytest.mark.parametrize(("today", "told"), [("2027-05-11", False), ("2027-05-12", True), ("2027-09-01", True)])
def test_a_year_that_ends_soon_is_told(today: str, told: bool) -> None:
    findings = Findings()
    outlived(Year(first="2026-09-01", last="2027-05-25"), date.fromisoformat(today), findings)
    assert (bool(findings.remarks), findings.faults) == (told, [])


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    findings = Findings()
    assert read_year(tmp_path / "school.toml", findings) == ANY_YEAR
    (tmp_path / "school.toml").write_bytes("# Ж".encode("cp1251"))
    assert read_year(tmp_path / "school.toml", findings) == ANY_YEAR
    assert len(findings.faults) == 2
