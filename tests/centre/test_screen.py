"""The report as a technician reads it: every figure is there, nothing is cut off, also in a file or a narrow window."""

from __future__ import annotations

from collections import Counter

import pytest

from centre.report import GAPS_SHOWN, LaneReport, SchoolReport
from centre.screen import draw
from tests.centre.far_box import EPOCH, OTHER_EPOCH

WHOLE = LaneReport(through=480, highest=480, events=480, gaps=[], losses=[], quarantined=0, conflicts=0)
BAD = LaneReport(
    through=12, highest=30, events=9, gaps=[(13, 13), (20, 25)], losses=[(3, 4), (7, 9)], quarantined=2, conflicts=1
)


def school(**changes: object) -> SchoolReport:
    words: dict[str, object] = {
        "school": "school-07", "state": "online", "epoch": EPOCH, "seen": "2026-11-23T08:12:39.123456Z",
        "epochs": {EPOCH: {"alarm": WHOLE, "record": BAD}}, "ahead": 0, "refused": {},
    }  # fmt: skip
    return SchoolReport(**(words | changes))  # type: ignore[arg-type]


def drawn(capsys: pytest.CaptureFixture[str], *reports: SchoolReport, registered: tuple[str, ...] = ("school-07",)):
    draw(list(reports), registered=registered)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_a_school_is_a_line_and_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert drawn(capsys, school()) == [
        "school-07 online last seen 2026-11-23 08:12:39 UTC",
        "epoch lane through highest events lost quarantined conflicts",
        "6f1d2c9e alarm 480 480 480 0 0 0",
        "6f1d2c9e record 12 30 9 5 2 1",
        "missing in 6f1d2c9e record: 13, 20-25",
    ]


def test_a_school_that_never_spoke_has_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert drawn(capsys, school(state="never seen", seen="", epochs={})) == ["school-07 never seen"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "offline"}, "school-07 offline last seen"),
        ({"ahead": 1}, "1 alarm came ahead"),
        ({"ahead": 3}, "3 alarms came ahead"),
        ({"refused": {"oversized": 2, "bad_signature": 1}}, "refused: bad_signature 1, oversized 2"),
        ({"school": "school-08"}, "no longer registered"),
        ({"school": "-", "state": "never seen", "seen": "", "epochs": {}, "refused": {"unknown_school": 4}},
         "from strangers refused: unknown_school 4"),
    ],
)  # fmt: skip
def test_what_is_not_as_usual_is_said(
    capsys: pytest.CaptureFixture[str], changes: dict[str, object], words: str
) -> None:
    assert words in drawn(capsys, school(**changes))[0]


@pytest.mark.parametrize("columns", ["40", "80", "200"])
@pytest.mark.parametrize("terminal", [False, True])
def test_no_figure_is_cut_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, terminal: bool
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "dumb")
    gaps = [(10**15 + n, 10**15 + n) for n in range(0, 2 * GAPS_SHOWN, 2)]
    big = LaneReport(
        through=10**15, highest=9 * 10**15, events=10**15, gaps=gaps, losses=[], quarantined=0, conflicts=0
    )
    draw([school(epochs={OTHER_EPOCH: {"telemetry": big}})], registered=["school-07"])
    lines = capsys.readouterr().out.splitlines()
    cells = ["11111111", 10**15, 9 * 10**15, 10**15, 0, 0, 0, "11111111", *(first for first, _ in gaps)]
    assert Counter(filter(str.isdigit, "".join(lines[1:]))) == Counter("".join(map(str, cells)))
    assert len(lines) == 5 or terminal  # school, head, one line of figures, what is missing, an empty one


def test_the_usual_figures_fit_into_80_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    year = LaneReport(
        through=9_999_999, highest=9_999_999, events=9_999_999, gaps=[], losses=[(1, 99_999)], quarantined=9_999,
        conflicts=9_999,
    )  # fmt: skip
    draw([school(epochs={EPOCH: {"telemetry": year}})], registered=["school-07"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:3]] == [
        ["epoch", "lane", "through", "highest", "events", "lost", "quarantined", "conflicts"],
        ["6f1d2c9e", "telemetry", "9999999", "9999999", "9999999", "99999", "9999", "9999"],
    ]


def test_of_many_gaps_it_says_that_there_are_more(capsys: pytest.CaptureFixture[str]) -> None:
    gaps = [(n, n) for n in range(13, 13 + 2 * GAPS_SHOWN, 2)]
    many = LaneReport(through=12, highest=99, events=40, gaps=gaps, losses=[], quarantined=0, conflicts=0)
    assert drawn(capsys, school(epochs={EPOCH: {"record": many}}))[-1].endswith("49, 51, …")


def test_without_schools_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert "mektep-centre school add" in drawn(capsys)[0]


def test_a_box_that_was_replaced_is_said_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    lines = drawn(capsys, school(sealed_for_another=["cards", "meals"]))
    assert lines[1:3] == ["sealed for another box: cards, meals", "→ mektep-centre school-data publish school-07"]
