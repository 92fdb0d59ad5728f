"""school.toml: the school year and the few numbers of a school that are no table.

Written flat, so that each mistake has its line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from centre.school import cells
from centre.school.faults import Findings
from centre.school.numbers import FORMS

FILE = "school.toml"
NOTICE = timedelta(days=14)
EVERYBODY = {1, 2, 3, 4, 5, 6, 7}


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    first: str
    last: str
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    utc_offset_min: int = 300
    late_after_min: int = 5
    grace_s: int = 60
    reader_forms: tuple[str, ...] = FORMS
    head: str = ""  # of staff.csv
    deadlines: tuple[tuple[str, int, int], ...] = ()  # kind, seconds to answer, seconds to decide


ANY_YEAR = Year(first="2000-01-01", last="2099-12-31")


def read_year(path: Path, findings: Findings) -> Year:
    """What can be used of it; the rest stands in the findings, and any year then stands in for the school's."""
    try:
        return year_of(path.read_bytes().decode("utf-8-sig"), findings)
    except OSError as error:
        do = "It must be there: docs/school-data.md shows one."
        findings.fault(FILE, 0, "", "", f"cannot be read: {error.strerror}", do)
    except UnicodeDecodeError:
        findings.fault(FILE, 0, "", "", "is not written in UTF-8", "Save it as UTF-8.")
    return ANY_YEAR


def outlived(year: Year, today: date, findings: Findings) -> None:
    """Tell in time that the calendar ends."""
    if date.fromisoformat(year.last) - today < NOTICE:
        what = "is soon over, or past: then boxes guess which days are school days"
        findings.remark(FILE, 0, "last", year.last, what, "Load the next school year.")


def year_of(text: str, findings: Findings) -> Year:
    try:
        given = tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        do = "Write lines such as late_after_min = 5"
        findings.fault(FILE, _line_in(str(error)), "", "", f"is no TOML: {error}", do)
        return ANY_YEAR
    for key in ("first", "last"):
        if key not in given:
            findings.fault(FILE, 0, key, "", "is missing", f"Write the year's {key} day: {key} = 2026-09-01")
    found = msgspec.structs.replace(ANY_YEAR, **_values(given, text, findings))
    if found.first > found.last:
        findings.fault(FILE, _line_of("last", text), "last", found.last, "is before `first`", "Look at both days.")
        return ANY_YEAR
    return found


def _values(given: Mapping[str, object], text: str, findings: Findings) -> dict[str, Any]:
    """Those that can be used."""
    values: dict[str, Any] = {}
    for key, value in given.items():
        line = _line_of(key, text)
        if key not in KEYS:
            findings.fault(FILE, line, key, value, "is no setting of a school", f"Settings: {', '.join(KEYS)}.")
            continue
        try:
            values[key] = KEYS[key](value)
        except cells.Wrong as wrong:
            findings.fault(FILE, line, key, value, wrong.what, wrong.do)
    return values


def _line_of(key: str, text: str) -> int:
    found = re.search(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def _line_in(words: str) -> int:
    found = re.search(r"at line (\d+)", words)
    return int(found[1]) if found else 0


def _day(value: object) -> str:
    """As TOML has dates, or in quotation marks."""
    return value.isoformat() if type(value) is date else cells.day(str(value))


def _number(least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if type(value) is not int or not least <= value <= most:
            raise cells.Wrong(
                "is out of the range, or no whole number", f"Write a whole number from {least} to {most}."
            )
        return value

    return parse


def _weekdays(value: object) -> tuple[int, ...]:
    if isinstance(value, list) and value and all(type(one) is int for one in value) and set(value) <= EVERYBODY:
        return tuple(sorted(set(value)))
    raise cells.Wrong("is no list of weekdays", "Write [1, 2, 3, 4, 5] for Monday to Friday.")


def _forms(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and value and all(one in FORMS for one in value):
        return tuple(form for form in FORMS if form in value)
    raise cells.Wrong("is no list of forms that readers report", f"Forms: {', '.join(FORMS)}.")


def _person(value: object) -> str:
    if isinstance(value, str) and value:
        return cells.identifier(value)
    raise cells.Wrong("is no number of a person", 'Write the `staff` of staff.csv in quotation marks: "S-01".')


def _deadlines(value: object) -> tuple[tuple[str, int, int], ...]:
    if isinstance(value, dict) and all(_is_deadline(one) for one in value.values()):
        return tuple((kind, *seconds) for kind, seconds in sorted(value.items()))
    do = "Write { fire = [60, 300] }: seconds to answer, and to decide, 10 to 86400."
    raise cells.Wrong("is no table of deadlines", do)


def _is_deadline(value: object) -> bool:
    return (
        isinstance(value, list) and len(value) == 2 and all(type(one) is int and 10 <= one <= 86_400 for one in value)
    )


KEYS: dict[str, Callable[[Any], Any]] = {
    "first": _day,
    "last": _day,
    "weekdays": _weekdays,
    "utc_offset_min": _number(-720, 840),
    "late_after_min": _number(0, 60),
    "grace_s": _number(0, 600),
    "reader_forms": _forms,
    "head": _person,
    "deadlines": _deadlines,
}
