"""How checks go over rows: once, by groups, over spans that meet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from centre.school.faults import Findings
from centre.school.lines import HolidayLine
from centre.school.rows import School, grouped, once, overlapping, turned
from centre.school.year import ANY_YEAR


def span(line: int, first: str, last: str) -> HolidayLine:
    return HolidayLine(line=line, first=first, last=last)


def test_of_two_rows_with_one_key_the_second_is_wrong() -> None:
    findings = Findings()
    rows = [span(2, "a", "b"), span(3, "c", "d"), span(4, "a", "x")]
    assert once("x.csv", "first", rows, lambda row: row.first, findings) == {"a": rows[0], "c": rows[1]}
    assert [(one.line, "line 2" in one.what) for one in findings.faults] == [(4, True)]
    assert grouped(rows, lambda row: row.first) == {"a": [rows[0], rows[2]], "c": [rows[1]]}


def test_an_end_before_its_beginning_is_told_and_left_out() -> None:
    findings = Findings()
    rows = [span(2, "2026-01-02", "2026-01-01"), span(3, "2026-01-02", "2026-01-02")]
    assert turned("x.csv", rows, ("first", "last"), findings) == [rows[1]]
    assert [one.line for one in findings.faults] == [2]


@given(st.lists(st.tuples(st.integers(10, 40), st.integers(0, 9)), max_size=8))
def test_spans_are_apart_exactly_if_nobody_overlaps(pairs: list[tuple[int, int]]) -> None:
    rows = [span(line, str(first), str(first + length)) for line, (first, length) in enumerate(pairs, 2)]
    days = [day for first, length in pairs for day in range(first, first + length + 1)]
    found = list(overlapping(rows, lambda row: row.first, lambda row: row.last))
    assert bool(found) == (len(days) != len(set(days)))


def test_a_spoilt_file_is_known() -> None:
    school = School(year=ANY_YEAR, spoilt=frozenset({"pupils.csv"}))
    assert not school.whole("pupils.csv")
    assert school.whole("cards.csv")
