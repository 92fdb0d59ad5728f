"""The month on a terminal, as a line, and as CSV: nothing is cut off, differences are red, no cell is a formula."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest

from centre import month_screen
from centre.corrections import AttendanceOf, Correction, Erasure, MealOf
from centre.month import Row, SchoolMonth

DIFFERENCE = "granted: statement 14 of 2026-11-23 says 10, its leaves 9"
ROW = Row(
    day="2026-11-23", what="free-1-4", tenge=950, leaves={"granted": 9, "reversed": 1},
    statements={"granted": 10, "reversed": 1}, differs=[DIFFERENCE],
)  # fmt: skip
CLUB = Row(day="", what="=HYPERLINK()", tenge=1_500, leaves={"visit": 2}, statements={"visit": 2}, differs=[])
SUSPICION = Row(day="2026-11-23", what="too_fast", tenge=0, leaves={"suspicion": 2}, statements={}, differs=[])
MEAL = MealOf(leaf="e/3", pupil="a" * 16, day="2026-11-23", meal="lunch", programme="p", tenge=800, reason="seen")
LATE = AttendanceOf(pupil="", day="2026-11-23", state="late", reason="bus")
CORRECTIONS = [
    Correction(1, "2026-11-24T08:00:00Z", "Айгүл", "meal", MEAL),
    Correction(2, "2026-11-24T08:00:00Z", "x", "attendance", LATE),
    Correction(3, "2026-11-24T08:00:00Z", "x", "erasure", Erasure(events=3, leaves=2, unpaid=[], reason="moved")),
]  # fmt: skip
MONTH = SchoolMonth(
    school="school-07", month="2026-11", meals=[ROW], clubs=[CLUB], suspicions=[SUSPICION], paid={"free-1-4": 8},
    paid_meals=8, meals_tenge=7_600, paid_visits=2, visits_tenge=3_000, to_pay=10_600, doubles=["e/9: twice"],
    forgotten=["e/3: lunch"], undated=["e/4: lunch"], lost_reversals=["e/5: of what"], unverified=["statement 14"],
    gaps=["records 5 to 6"], faults=["leaf 7 of e"], corrections=CORRECTIONS,
)  # fmt: skip
WELL = msgspec.structs.replace(
    MONTH, meals=[], clubs=[], suspicions=[], doubles=[], forgotten=[], undated=[], lost_reversals=[], unverified=[],
    gaps=[], faults=[], corrections=[],
)  # fmt: skip


def test_everything_is_said_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    month_screen.draw(MONTH)
    said = capsys.readouterr().out
    for words in (
        "9 (10 stated)", DIFFERENCE, "fault: leaf 7 of e", "gap: records 5 to 6", "unverified: statement 14",
        "e/9: twice", "e/3: lunch", "e/4: lunch", "e/5: of what", "too_fast 2 on 2026-11-23", "to pay: 10600 tenge",
        "not known", "8 meals 7600, 2 club visits 3000   (free-1-4 8)",
        "by Айгүл: e/3 was lunch of aaaaaaaaaaaaaaaa, p (seen)", "an erased child was late on 2026-11-23 (bus)",
        "a child was erased, 3 events, 2 leaves (moved)",
    ):  # fmt: skip
        assert words in said, words


def test_differences_are_red_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    month_screen.draw(MONTH)
    said = capsys.readouterr().out
    assert f"\x1b[31m{DIFFERENCE}" in said
    assert "\x1b[31m9 (10 stated)" in said


def test_a_month_in_which_everything_fits(capsys: pytest.CaptureFixture[str]) -> None:
    month_screen.draw(WELL)
    assert "everything fits" in capsys.readouterr().out
    assert not WELL.needs_attention
    assert MONTH.needs_attention


@pytest.mark.parametrize("name", ["doubles", "forgotten", "undated", "lost_reversals", "unverified", "gaps", "faults"])
def test_each_list_alone_wants_a_person(name: str) -> None:
    one = msgspec.structs.replace(WELL, **{name: ["x"]})
    assert one.needs_attention
    assert len(month_screen.attention(one)) == 1


def test_a_city_is_a_line_for_each_school(capsys: pytest.CaptureFixture[str]) -> None:
    month_screen.draw_all([MONTH, msgspec.structs.replace(WELL, school="school-08")])
    head, first, second, total, *_ = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["school", "meals"]
    assert first.split()[:6] == ["school-07", "8", "7600", "2", "3000", "10600"]
    assert "gaps 1, unverified 1, undated 1" in first
    assert second.split()[0] == "school-08"
    assert second.split()[-1] == "none"
    assert total == "to pay in all: 21200 tenge"


def test_the_csv_can_be_read_back_and_computes_nothing() -> None:
    text = month_screen.as_csv([MONTH])
    assert text.startswith("\ufeffschool;month;part;")
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))
    assert [row["part"] for row in rows] == ["meals", "clubs", "suspicions", "paid", "to_pay"]
    meals, clubs, _, paid, total = rows
    assert (meals["leaves_granted"], meals["statements_granted"], meals["sum_tenge"]) == ("9", "10", str(8 * 950))
    assert meals["differs"] == DIFFERENCE
    assert clubs["what"] == "'=HYPERLINK()"
    assert (paid["what"], paid["leaves_granted"]) == ("free-1-4", "8")
    assert total["sum_tenge"] == "10600"
    assert "faults 1" in total["differs"]
