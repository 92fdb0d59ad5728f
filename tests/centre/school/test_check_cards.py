"""Cards: each rule broken alone in the example; a collision names both lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from centre.school.check_cards import NUMBERS_MAX
from centre.school.faults import Findings
from centre.school.folder import read_school
from tests.centre.school.folders import changed, copied, found_in, text

CARDS = text("cards")
LAST = len(CARDS.splitlines())
NARROW = text("school") + 'reader_forms = ["em4100", "uid4", "uid7", "wiegand34"]\n'


def more(*lines: str) -> dict[str, str]:
    return {"cards": CARDS + "".join(f"{line}\n" for line in lines)}


WRONG = [
    ("no holder", more(";;em4100;0000000001;no"), [("cards.csv", LAST + 1, "pupil")]),
    ("two holders", more("P-1001;S-01;em4100;0000000001;no"), [("cards.csv", LAST + 1, "pupil")]),
    ("an unknown pupil", more("P-7777;;em4100;0000000001;no"), [("cards.csv", LAST + 1, "pupil")]),
    ("unknown staff", more(";S-77;em4100;0000000001;no"), [("cards.csv", LAST + 1, "staff")]),
    ("an unknown form", more("P-1001;;em;0000000001;no"), [("cards.csv", LAST + 1, "form")]),
    ("digits are missing", more("P-1001;;em4100;100000001;no"), [("cards.csv", LAST + 1, "number")]),
    ("a card of two", more("P-1002;;em4100;6F007B3972;no"), [("cards.csv", LAST + 1, "number")]),
    ("a card of two, in two forms", more("P-1002;;13d;476749445490;no"), [("cards.csv", LAST + 1, "number")]),
    ("one 26-bit number", more("P-1002;;em4100;6F017B3972;no"), [("cards.csv", LAST + 1, "number")]),
    ("blocked and valid", more("P-1001;;em4100;6F007B3972;yes"), [("cards.csv", LAST + 1, "blocked")]),
    ("blocked for one, valid for another", more("P-1002;;em4100;6F007B3972;yes"), [("cards.csv", LAST + 1, "number")]),
    ("read by no reader", {"school": text("school") + 'reader_forms = ["em4100", "uid4", "uid7", "wiegand34"]\n'},
     [("cards.csv", 7, "form")]),
    ("too many cards", more(*(f"P-1001;;uid4;A{n:07X};no" for n in range(1, 7))), [("cards.csv", LAST + 6, "number")]),
]  # fmt: skip


@pytest.mark.parametrize(("files", "faults"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_broken_rule_is_told_with_its_place(
    files: dict[str, str], faults: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    assert found_in(copied(tmp_path / "school", **files))[0] == faults


def test_a_collision_names_both_cards_and_both_holders(tmp_path: Path) -> None:
    findings = Findings()
    read_school(copied(tmp_path / "school", **more("P-1002;;em4100;6F017B3972;no")), findings)
    (fault,) = findings.faults
    assert (fault.file, fault.line, fault.value) == ("cards.csv", LAST + 1, "6F017B3972")
    for word in ("pupil P-1002", "6F007B3972", "pupil P-1001, line 2", "wiegand26"):
        assert word in fault.what
    assert "reader_forms" in fault.do


def test_forms_that_no_reader_reports_do_not_collide(tmp_path: Path) -> None:
    cards = CARDS.replace("3d5d;138,21999", "wiegand34;008A55EF") + "P-1002;;em4100;6F017B3972;no\n"
    assert found_in(copied(tmp_path / "school", cards=cards, school=NARROW))[0] == []


def test_a_short_number_beside_readers_of_whole_ones_is_told(tmp_path: Path) -> None:
    cards = CARDS.replace("3d5d;138,21999", "wiegand34;008A55EF")
    _, remarks = found_in(copied(tmp_path / "school", cards=cards, school=NARROW))
    assert set(remarks) == {("cards.csv", 0, "form")}
    assert len(remarks) == 6  # 10d and wiegand34, for em4100, uid4 and uid7


def test_a_card_that_stands_twice_is_only_told(tmp_path: Path) -> None:
    folder = copied(tmp_path / "school", **more("P-1001;;em4100;6F007B3972;no"))
    assert found_in(folder) == ([], [("cards.csv", LAST + 1, "number")])


def test_a_pupil_without_a_valid_card_is_told(tmp_path: Path) -> None:
    folder = copied(tmp_path / "school", cards=changed("cards", "6F007B3972;no", "6F007B3972;yes"))
    assert found_in(folder) == ([], [("pupils.csv", 2, "pupil")])


def test_what_cannot_be_read_elsewhere_makes_no_card_wrong(tmp_path: Path) -> None:
    folder = copied(tmp_path / "school", pupils=changed("pupils", "P-1001;1А", "P-1001;"))
    assert found_in(folder)[0] == [("pupils.csv", 2, "class")]


def test_the_limit_is_that_of_the_schema() -> None:
    assert NUMBERS_MAX == 32
