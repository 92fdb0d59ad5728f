"""Folders of school data for tests: the example, spoilt in one thing; and a school of any size."""

from __future__ import annotations

import shutil
from pathlib import Path

from centre.school.faults import Findings
from centre.school.folder import read_school
from tests.source_tree import ROOT

EXAMPLE = ROOT / "examples/school-data"


def copied(to: Path, **files: str | None) -> Path:
    """The example, with other texts in some files (`pupils` for pupils.csv); None: the file is not there."""
    shutil.copytree(EXAMPLE, to)
    for name, text in files.items():
        path = to / ("school.toml" if name == "school" else f"{name}.csv")
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
    return to


def text(name: str) -> str:
    """Of a file of the example."""
    return (EXAMPLE / ("school.toml" if name == "school" else f"{name}.csv")).read_text(encoding="utf-8")


def changed(name: str, old: str, new: str) -> str:
    found = text(name)
    assert old in found
    return found.replace(old, new, 1)


def found_in(folder: Path) -> tuple[list[tuple[str, int, str]], list[tuple[str, int, str]]]:
    """File, line, column of each mistake and of each remark."""
    findings = Findings()
    school = read_school(folder, findings)
    assert (school is None) == bool(findings.faults)
    faults = [(one.file, one.line, one.column) for one in findings.faults]
    return faults, [(one.file, one.line, one.column) for one in findings.remarks]
