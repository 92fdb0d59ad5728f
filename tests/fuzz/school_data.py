"""A school's files as anybody may have written them: rows that hold, or mistakes that say where and what to do."""

from __future__ import annotations

from centre.school.building import build
from centre.school.cells import DAY
from centre.school.check_cards import check as check_cards
from centre.school.check_clubs import check as check_clubs
from centre.school.check_meals import check as check_meals
from centre.school.check_people import check as check_people
from centre.school.faults import Findings
from centre.school.lines import FILES
from centre.school.persons import Secrets
from centre.school.rows import School
from centre.school.tables import decode, rows_of
from centre.school.year import ANY_YEAR, year_of
from tests.fuzz.target import Target, shown_safely

SECRETS = Secrets(bytes(32), bytes(32))
NAMES = sorted(FILES)


def told_well(findings: Findings) -> None:
    for one in [*findings.faults, *findings.remarks]:
        assert one.file
        assert one.do
        shown_safely(one.value)


def table(data: bytes) -> None:
    """One file; the first byte says which. What can be read is a school's whole data, and is checked and built."""
    name = NAMES[data[0] % len(NAMES)] if data else NAMES[0]
    findings = Findings()
    rows = rows_of(f"{name}.csv", decode(data[1:]), FILES[name], findings)
    assert all(row.line >= 2 for row in rows)
    for check in (check_people, check_cards, check_meals, check_clubs):
        check(School(year=ANY_YEAR, **{name: rows}), findings)
    told_well(findings)
    if not findings.faults:
        build(School(year=ANY_YEAR, **{name: rows}), SECRETS)


def year(data: bytes) -> None:
    """school.toml."""
    findings = Findings()
    found = year_of(decode(data), findings)
    assert DAY.fullmatch(found.first)
    assert found.first <= found.last
    told_well(findings)


def _seed(name: str, text: str) -> bytes:
    return bytes([NAMES.index(name)]) + text.encode()


TARGETS = {
    "centre, a school's table": Target(
        table,
        [
            _seed("pupils", 'pupil;class;name\nP-1;5А;"Дана; О."\nP-2;5A;\n'),
            _seed("cards", "pupil,staff,form,number,blocked\nP-1,,em4100,6F007B3972,no\n,S-1,uid4,24548AAC,yes\n"),
            _seed("holidays", "first;last\n2026-10-26;01.11.2026\n"),
            _seed("bells", "\ufeffshift\tlesson\tstarts\tends\r\n1\t1\t8:00\t08:45:00\r\n"),
            _seed("meals", "meal;starts;ends;shifts\nlunch;11:00;13:20;1 2\n"),
            _seed("clubs", "club;places\nchess;12\n"),
            _seed("vouchers", "voucher;pupil;club;first;last\nv-1;P-1;chess;2026-09-01;2026-12-31\n"),
            _seed("duty", "staff;weekdays;starts;ends\nS-2;1 2 3;08:00;18:00\n"),
            b"\0\xff\xfe;\0",
        ],
    ),
    "centre, a school's year": Target(
        year,
        [
            b"first = 2026-09-01\nlast = 2027-05-25\nweekdays = [1, 2]\n",
            b'first = "01.09.2026"\r\nlast = 2027-05-25\nreader_forms = ["uid4"]\n',
            b"first = 2026-09-01T00:00:00Z\nlast = {}\n",
            b"x = " + b"[" * 900,
        ],
    ),
}
