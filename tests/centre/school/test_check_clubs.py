"""Clubs, vouchers: each rule broken alone in the example, and nothing else said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.centre.school.folders import changed, copied, found_in, text

LAST = len(text("vouchers").splitlines()) + 1


def more(line: str) -> dict[str, str | None]:
    return {"vouchers": text("vouchers") + line + "\n"}


WRONG: list[tuple[str, dict[str, str | None], list[tuple[str, int, str]]]] = [
    ("an unknown pupil", more("v-9;P-7;chess;2026-09-01;2026-10-01;"), [("vouchers.csv", LAST, "pupil")]),
    ("an unknown club", more("v-9;P-9002;ballet;2026-09-01;2026-10-01;"), [("vouchers.csv", LAST, "club")]),
    ("a voucher twice", more("v-0001;P-9002;chess;2026-09-01;2026-10-01;"), [("vouchers.csv", LAST, "voucher")]),
    ("turned", more("v-9;P-9002;chess;2026-10-01;2026-09-01;"), [("vouchers.csv", LAST, "last")]),
    ("one club twice", more("v-9;P-9001;chess;2027-05-25;2027-06-01;"), [("vouchers.csv", LAST, "club")]),
    ("two clubs at one time", {"club_times": text("club_times") + "robotics;4;16:00;18:00\n"},
     [("vouchers.csv", 3, "club")]),
    ("a club twice", {"clubs": text("clubs") + "chess;1;30;0\n"}, [("clubs.csv", 4, "club")]),
    ("a club without a time", {"clubs": text("clubs") + "ballet;1;30;0\n"}, [("clubs.csv", 4, "club")]),
    ("a time of no club", {"club_times": text("club_times") + "ballet;4;16:00;18:00\n"},
     [("club_times.csv", 5, "club")]),
    ("times that overlap", {"club_times": text("club_times") + "chess;2;16:00;18:00\n"},
     [("club_times.csv", 5, "starts")]),
    ("a time that ends before it begins", {"club_times": text("club_times") + "chess;5;16:00;15:00\n"},
     [("club_times.csv", 5, "ends")]),
    ("a visit that could never count", {"clubs": changed("clubs", "12;40", "12;91")},
     [("clubs.csv", 2, "minimum_min")]),
    ("vouchers without clubs", {"clubs": None}, [("club_times.csv", 0, ""), ("vouchers.csv", 0, "")]),
]  # fmt: skip


@pytest.mark.parametrize(("files", "faults"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_broken_rule_is_told_with_its_place(
    files: dict[str, str | None], faults: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    assert found_in(copied(tmp_path / "school", **files))[0] == faults


def test_vouchers_one_after_the_other_are_well(tmp_path: Path) -> None:
    files = more("v-9;P-5001;chess;2027-01-01;2027-05-25;")
    assert found_in(copied(tmp_path / "school", **files)) == ([], [])


def test_a_club_elsewhere_is_not_looked_up(tmp_path: Path) -> None:
    assert found_in(copied(tmp_path / "school", **more("v-9;P-9002;ballet;2026-09-01;2026-10-01;yes"))) == ([], [])


REMARKS: list[tuple[str, dict[str, str], list[tuple[str, int, str]]]] = [
    ("more vouchers than places", {"clubs": changed("clubs", "chess;12", "chess;1")}, [("clubs.csv", 2, "places")]),
]


@pytest.mark.parametrize(("files", "remarks"), [pytest.param(*row[1:], id=row[0]) for row in REMARKS])
def test_what_is_to_be_looked_at_is_told_and_loaded(
    files: dict[str, str], remarks: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    assert found_in(copied(tmp_path / "school", **files)) == ([], remarks)


def test_as_many_vouchers_as_places_are_well_when_one_ends_before_another_begins(tmp_path: Path) -> None:
    lines = ["v-1;P-5001;chess;2026-09-01;2026-09-30", "v-2;P-9001;chess;2026-10-01;2026-10-31"]
    vouchers = "\n".join(["voucher;pupil;club;first;last", *lines])
    clubs = changed("clubs", "chess;12", "chess;1")
    assert found_in(copied(tmp_path / "school", vouchers=vouchers, clubs=clubs)) == ([], [])
