"""A school's folder of files, read and checked as a whole: nothing of it is used if anything is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from centre.school import check_cards, check_clubs, check_duty, check_meals, check_people
from centre.school.faults import Findings
from centre.school.lines import FILES, REQUIRED, Line
from centre.school.rows import School
from centre.school.tables import columns, read_table
from centre.school.year import FILE, read_year

R = TypeVar("R", bound=Line)
CHECKS: tuple[Callable[[School, Findings], None], ...] = (
    check_people.check,
    check_cards.check,
    check_meals.check,
    check_clubs.check,
    check_duty.check,
)


def read_school(folder: Path, findings: Findings) -> School | None:
    """None if anything is wrong; the findings say what."""
    if not folder.is_dir():
        findings.fault(folder.name, 0, "", "", "is no folder", "Give the folder that holds school.toml.")
        return None
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in FILES:
            names = ", ".join(f"{name}.csv" for name in FILES)
            findings.fault(
                path.name, 0, "", "", "is no file of a school", f"Files: {names}. Take it away or rename it."
            )
    year = read_year(folder / FILE, findings)
    tables = {name: _table(folder, name, row, findings) for name, row in FILES.items()}
    spoilt = frozenset(fault.file for fault in findings.faults)
    given: dict[str, Any] = {name: table for name, table in tables.items() if table is not None}
    school = School(year=year, spoilt=spoilt, **given)
    for check in CHECKS:
        check(school, findings)
    return None if findings.faults else school


def _table(folder: Path, name: str, row: type[R], findings: Findings) -> list[R] | None:
    """None for a file that is not there."""
    path = folder / f"{name}.csv"
    if path.exists():
        return read_table(path, row, findings)
    if name in REQUIRED:
        findings.fault(path.name, 0, "", "", "is not there", f"Its columns: {', '.join(columns(row))}.")
    return None
