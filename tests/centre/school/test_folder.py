"""A folder as a whole: what must be there, what may not, and everything that is wrong at once."""

from __future__ import annotations

from pathlib import Path

from centre.school.faults import Findings
from centre.school.folder import read_school
from centre.school.lines import FILES
from tests.centre.school.folders import EXAMPLE, changed, copied, found_in


def test_the_example_is_well() -> None:
    findings = Findings()
    school = read_school(EXAMPLE, findings)
    assert (findings.faults, findings.remarks) == ([], [])
    assert school is not None
    assert {name: bool(getattr(school, name)) for name in FILES} == dict.fromkeys(FILES, True)


def test_an_empty_folder_says_what_must_be_there(tmp_path: Path) -> None:
    faults, _ = found_in(tmp_path)
    assert [file for file, _, _ in faults] == ["bells.csv", "cards.csv", "classes.csv", "pupils.csv", "school.toml"]


def test_no_folder_and_a_file_of_another_name_are_told(tmp_path: Path) -> None:
    assert found_in(tmp_path / "missing")[0] == [("missing", 0, "")]
    folder = copied(tmp_path / "school")
    (folder / "pupil.csv").write_text("pupil;class\n")
    (folder / "notes.txt").write_text("anything")
    assert found_in(folder)[0] == [("pupil.csv", 0, "")]


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    folder = copied(
        tmp_path / "school",
        school=changed("school", "late_after_min = 5 ", "late_after_min = 99 "),
        pupils=changed("pupils", "P-1001;1А", "P-1001;7А"),
        cards=changed("cards", "6F007B3972", "6F007B397"),
        tariffs=changed("tariffs", "600", "6OO"),
        vouchers=changed("vouchers", "P-5001;robotics", "P-5005;robotics"),
    )
    faults, _ = found_in(folder)
    assert faults == [
        ("cards.csv", 2, "number"),
        ("pupils.csv", 2, "class"),
        ("school.toml", 6, "late_after_min"),
        ("tariffs.csv", 5, "tenge"),
        ("vouchers.csv", 3, "pupil"),
    ]
