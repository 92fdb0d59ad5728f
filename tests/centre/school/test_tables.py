"""A CSV file as table programs write it; and each way in which it cannot be read, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.school.faults import Findings
from centre.school.lines import PupilLine
from centre.school.tables import FILE_MAX, columns, decode, read_table, rows_of

TWO = [
    PupilLine(line=2, pupil="P-1", class_="5А", name="Дана, О."),
    PupilLine(line=3, pupil="P-2", class_="5А", name=""),
]
FORMS = {
    "semicolons": "pupil;class;name\nP-1;5А;Дана, О.\nP-2;5А;\n",
    "commas": 'pupil,class,name\nP-1,5А,"Дана, О."\nP-2,5А,\n',
    "tabs": "pupil\tclass\tname\nP-1\t5А\tДана, О.\nP-2\t5А\t\n",
    "another order": "Class;NAME;pupil\n5А;Дана, О.;P-1\n5А;;P-2\n",
    "carriage returns": "pupil;class;name\r\nP-1;5А;Дана, О.\r\nP-2;5А;\r\n",
    "spaces around": "pupil ; class;name\n P-1;\u00a05А ;Дана, О.\nP-2;5А;\n",
    "empty columns at the end": "pupil;class;name\nP-1;5А;Дана, О.;;\nP-2;5А;;;\n",
}


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("form", FORMS)
def test_each_form_says_the_same(form: str, bom: str, tmp_path: Path) -> None:
    (tmp_path / "pupils.csv").write_text(bom + FORMS[form], encoding="utf-8", newline="")
    findings = Findings()
    assert read_table(tmp_path / "pupils.csv", PupilLine, findings) == TWO
    assert findings.faults == []


def test_lines_are_those_of_the_file() -> None:
    text = 'pupil;class;name\n\nP-1;5А;"two\nlines"\n;;\nP-2;5А;\nP-3;;\n'
    findings = Findings()
    rows = rows_of("pupils.csv", text, PupilLine, findings)
    assert [(row.pupil, row.line) for row in rows] == [("P-2", 6)]
    assert [(one.line, one.column) for one in findings.faults] == [(3, "name"), (7, "class")]


WRONG = [
    ("no text", "", 1, "", "no header"),
    ("a blank first line", "\npupil;class\nP-1;5А\n", 1, "", "no header"),
    ("an unknown column", "pupil;class;clas\nP-1;5А;x\n", 1, "clas", "is no column"),
    ("a column twice", "pupil;class;class\nP-1;5А;5А\n", 1, "class", "twice"),
    ("a column is missing", "pupil;name\nP-1;x\n", 1, "class", "is missing"),
    ("too few fields", "pupil;class;name\nP-1;5А\n", 2, "", "has 2 fields, the header 3"),
    ("too many fields", "pupil;class\nP-1;5А;x\n", 2, "", "has 3 fields, the header 2"),
    ("a quotation mark without its pair", 'pupil;class\n"P-1;5А\n', 0, "", "no CSV"),
    ("an empty cell", "pupil;class\n;5А\n", 2, "pupil", "is empty"),
    ("a NUL", "pupil;class\nP-1;5\0А\n", 2, "", "UTF-8"),
]


@pytest.mark.parametrize(("text", "line", "column", "what"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_what_cannot_be_read_is_named(text: str, line: int, column: str, what: str) -> None:
    findings = Findings()
    assert rows_of("pupils.csv", text, PupilLine, findings) == []
    (fault,) = findings.faults
    assert (fault.line, fault.column) == (line, column)
    assert what in fault.what
    assert fault.do


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    findings = Findings()
    (tmp_path / "pupils.csv").write_bytes("pupil;class\nP-1;5\nP-2;5А\n".encode("cp1251"))
    assert read_table(tmp_path / "pupils.csv", PupilLine, findings) == []
    (fault,) = findings.faults
    assert (fault.line, "CSV UTF-8" in fault.do) == (3, True)


def test_a_file_that_cannot_be_read_or_is_too_large_is_named(tmp_path: Path) -> None:
    findings = Findings()
    (tmp_path / "folder.csv").mkdir()
    with (tmp_path / "large.csv").open("wb") as large:
        large.truncate(FILE_MAX + 1)
    for name in ("folder.csv", "large.csv", "missing.csv"):
        assert read_table(tmp_path / name, PupilLine, findings) == []
    assert [one.file for one in findings.faults] == ["folder.csv", "large.csv", "missing.csv"]


def test_columns_are_the_fields_of_a_row() -> None:
    found = columns(PupilLine)
    assert list(found) == ["pupil", "class", "name"]
    assert [one.required for one in found.values()] == [True, True, False]
    assert found["class"].field == "class_"


@given(st.binary(max_size=200))
def test_no_bytes_raise(content: bytes) -> None:
    findings = Findings()
    for row in rows_of("pupils.csv", decode(content), PupilLine, findings):
        assert row.pupil
        assert row.class_
