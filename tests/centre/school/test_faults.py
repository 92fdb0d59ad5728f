"""What is found is told once, in the order of files and lines, and cannot move a cursor."""

from __future__ import annotations

from centre.school.faults import VALUE_CHARS, Findings, shown


def test_what_is_found_is_in_order_and_once() -> None:
    findings = Findings()
    for line in (12, 3, 3):
        findings.fault("pupils.csv", line, "class", "5A", "is no class", "Correct it.")
    findings.remark("classes.csv", 2, "class", "5Б", "has no pupils", "Take it away.")
    assert [one.line for one in findings.faults] == [3, 12]
    assert [one.file for one in findings.remarks] == ["classes.csv"]


def test_a_value_is_shown_as_one_line_with_an_end() -> None:
    assert shown("\x1b[2J\n5А") == "�[2J�5А"
    assert len(shown("x" * 5_000)) == VALUE_CHARS
