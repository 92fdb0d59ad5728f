"""The commands `report` and `correct`, as an accountant and an auditor type them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.agent.school.decisions import pupil
from tests.centre.ledger_box import SCHOOL
from tests.centre.ledger_folder import Centre, copied, make

NOVEMBER = ["report", "--month", "2026-11"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("money") / "centre")


@pytest.fixture
def centre(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Centre:
    return Centre(copied(made, tmp_path / "centre"), capsys)


def leaf_of(centre: Centre, idx: int) -> str:
    return f"{centre.execute('select epoch from ledger_edge')[0][0]}/{idx}"


def assign(centre: Centre, pupil_id: str = "1040", leaf: str = "") -> tuple[int, str, str]:
    leaf = leaf or leaf_of(centre, 12)
    return centre("correct", "meal", SCHOOL, leaf, "--pupil", pupil_id, "--reason", "was seen", "--author", "Айгүл")


def test_a_schools_month(centre: Centre) -> None:
    code, said, _ = centre(*NOVEMBER, "--school", SCHOOL)
    assert code == 1  # a forgotten card waits
    assert "to pay: 10050 tenge" in said
    assert leaf_of(centre, 12) in said


def test_a_city_in_a_line_each(centre: Centre) -> None:
    code, said, _ = centre(*NOVEMBER, "--all")
    assert code == 1
    assert [line.split()[0] for line in said.splitlines()] == ["school", SCHOOL, "school-08", "to"]
    assert "forgotten cards 1" in said


def test_as_json_and_as_csv(centre: Centre, tmp_path: Path) -> None:
    code, said, _ = centre(*NOVEMBER, "--school", SCHOOL, "--json", "--csv", str(tmp_path / "november.csv"))
    (month,) = json.loads(said)
    assert (code, month["to_pay"], month["attention"]) == (1, 10_050, ["forgotten cards 1"])
    text = (tmp_path / "november.csv").read_text(encoding="utf-8-sig")
    assert {row["part"] for row in csv.DictReader(text.splitlines(), delimiter=";")} >= {"meals", "clubs", "to_pay"}
    assert (tmp_path / "november.csv").stat().st_mode & 0o777 == 0o600


def test_a_month_that_fits_is_well(centre: Centre) -> None:
    assert assign(centre)[0] == 0
    code, said, _ = centre(*NOVEMBER, "--school", SCHOOL)
    assert code == 0
    assert "to pay: 11000 tenge" in said
    assert "everything fits" in said
    assert f"by Айгүл: {leaf_of(centre, 12)} was lunch of {pupil(40)}, free-1-4 (was seen)" in said


@pytest.mark.parametrize(
    ("pupil_id", "idx", "why"),
    [
        ("1099", 12, "no entitlement to lunch of 2026-11-23"),
        ("1003", 12, ""),  # reversed in the morning: that child did not eat
        (pupil(4), 12, "this pupil had lunch of 2026-11-23 by card"),
        ("1040", 1, "it is paid"),
        ("1040", 4, "it is reversed"),
        ("1040", 13, "is no meal of"),  # a visit
        ("1040", 99, "is no meal of"),
    ],
)
def test_a_meal_is_assigned_only_to_who_may_have_it(centre: Centre, pupil_id: str, idx: int, why: str) -> None:
    code, _, said = assign(centre, pupil_id, leaf_of(centre, idx))
    assert (code, said[:5]) == ((2, "K-150") if why else (0, ""))
    assert why in said
    assert centre.execute("select count(*) from correction") == [(0 if why else 1,)]


def test_it_is_assigned_once(centre: Centre) -> None:
    assert assign(centre)[0] == 0
    code, _, said = assign(centre, "1003")
    assert code == 2
    assert "assigned already" in said


def test_nobody_knows_this_pupil(centre: Centre) -> None:
    code, _, said = assign(centre, "5555")
    assert (code, said[:5]) == (2, "K-151")


def test_where_a_child_was(centre: Centre) -> None:
    code, said, _ = centre("correct", "attendance", SCHOOL, "1003", "2026-11-23", "absent", "--reason", "ill")
    assert (code, said) == (0, "1003 was absent on 2026-11-23: noted.\n")
    (body,) = centre.execute("select body from correction")[0]
    assert json.loads(str(body)) == {"pupil": pupil(3), "day": "2026-11-23", "state": "absent", "reason": "ill"}
    assert f"{pupil(3)} was absent on 2026-11-23 (ill)" in centre(*NOVEMBER, "--school", SCHOOL)[1]


def test_no_event_is_changed_by_a_correction(centre: Centre) -> None:
    before = centre.execute("select * from event order by stream, sequence")
    assign(centre)
    assert centre.execute("select * from event order by stream, sequence") == before


@pytest.mark.parametrize("words", [[], ["--all", "--school", SCHOOL]])
def test_one_school_or_all(centre: Centre, words: list[str]) -> None:
    code, _, said = centre(*NOVEMBER, *words)
    assert (code, said[:5]) == (2, "K-150")


@pytest.mark.parametrize(
    "words",
    [
        ["report", "--all"], ["report", "--all", "--month", "2026-13"], ["report", "--all", "--month", "november"],
        ["correct", "meal", SCHOOL, "7", "--pupil", "1", "--reason", "x"],
        ["correct", "attendance", SCHOOL, "1", "2026-11-23", "asleep", "--reason", "x"],
        ["correct", "attendance", SCHOOL, "1", "23.11.2026", "absent", "--reason", "x"],
        ["correct", "attendance", SCHOOL, "1", "2026-11-23", "absent"],
    ],
)  # fmt: skip
def test_wrong_use_is_told_before_anything_happens(centre: Centre, words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        centre(*words)
    assert caught.value.code == 2
