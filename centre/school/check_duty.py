"""Who answers: every line of duty.csv, and that at every minute of every day somebody answers for every kind. Pure.

A minute for which nobody is named is a hole: refused, or, where the school's head is named and so is told, a remark.
Lines for some zones only fill no hole: what happens elsewhere has nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from centre.incident_words import KINDS
from centre.school.faults import Findings
from centre.school.lines import DutyLine
from centre.school.rows import School

FILE = "duty.csv"
DUTIES_MAX = 2_000
DAY_MIN = 24 * 60
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Hours = tuple[tuple[int, int], ...]  # first and last minute of each hole of a day


def check(school: School, findings: Findings) -> None:
    _head(school, findings)
    if school.duty is None:
        if not school.year.head:
            do = "Name them in duty.csv, or the school's head as `head` in school.toml."
            findings.remark(FILE, 0, "", "", "is not there: incidents are told to the city alone", do)
        return
    _lines(school, school.duty, findings)
    if school.whole(FILE):
        _holes(school, school.duty, findings)


def _head(school: School, findings: Findings) -> None:
    head = school.year.head
    if head and head not in {row.staff for row in school.staff} and school.whole("staff.csv"):
        findings.fault("school.toml", 0, "head", head, "is nobody of staff.csv", "Add the person to staff.csv.")
    for kind, *_ in school.year.deadlines:
        if kind not in KINDS:
            findings.fault("school.toml", 0, "deadlines", kind, "is no kind of incident", f"Kinds: {', '.join(KINDS)}.")


def _lines(school: School, duty: list[DutyLine], findings: Findings) -> None:
    staff = {row.staff: row for row in school.staff}
    if len(duty) > DUTIES_MAX:
        findings.fault(FILE, 0, "", len(duty), f"has more than {DUTIES_MAX} lines", "Is this one school?")
    for row in duty:
        if row.starts == row.ends:
            do = "A night has its end before its beginning: 20:00 and 08:00."
            findings.fault(FILE, row.line, "ends", row.ends, "is the beginning, too", do)
        person = staff.get(row.staff)
        if person is None and school.whole("staff.csv"):
            do = "Add the person, or take the line away."
            findings.fault(FILE, row.line, "staff", row.staff, "is nobody of staff.csv", do)
        elif person is not None and "incidents" not in person.may:
            do = "Write `incidents` in `may` of staff.csv."
            findings.remark(FILE, row.line, "staff", row.staff, "is on duty, and may not answer incidents", do)
        for kind in row.kinds:
            if kind not in KINDS:
                do = f"Kinds: {', '.join(KINDS)}."
                findings.fault(FILE, row.line, "kinds", kind, "is no kind of incident", do)


def _holes(school: School, duty: list[DutyLine], findings: Findings) -> None:
    """Kinds and days with the same hole are one mistake."""
    say = findings.remark if school.year.head else findings.fault
    do = (
        "The head is told then; name somebody if it should be another."
        if school.year.head
        else "Name somebody for these hours: a line with a higher rank is told where no other is."
    )
    for free in (False, True):
        found: dict[tuple[tuple[int, ...], Hours], list[str]] = {}
        for kind in KINDS:
            days = {day: holes(duty, kind, day, free=free) for day in _weekdays(school, free=free)}
            for hours, same in _grouped(days):
                found.setdefault((same, hours), []).append(kind)
        for (same, hours), kinds in found.items():
            when = "on days that are no school days" if free else "on school days"
            what = f"name nobody on duty {when}: {spelt_days(same)}, {_spelt_hours(hours)}"
            say(FILE, 0, "", "every kind" if len(kinds) == len(KINDS) else ", ".join(kinds), what, do)


def holes(duty: Iterable[DutyLine], kind: str, weekday: int, *, free: bool) -> Hours:
    """The minutes of such a day for which nobody answers a kind. The day before may be a free one."""
    known = [row for row in duty if not row.zones and (not row.kinds or kind in row.kinds)]
    today = [span for row in known if _is_held(row, weekday, free=free) for span in _evening(row)]
    before = [span for row in known if _is_held(row, weekday - 1 or 7, free=True) for span in _morning(row)]
    found, covered = [], 0
    for first, last in sorted([*today, *before]):
        if first > covered:
            found.append((covered, first - 1))
        covered = max(covered, last + 1)
    if covered < DAY_MIN:
        found.append((covered, DAY_MIN - 1))
    return tuple(found)


def _is_held(row: DutyLine, weekday: int, *, free: bool) -> bool:
    return (not row.weekdays or weekday in row.weekdays) and (row.free_days or not free)


def _evening(row: DutyLine) -> Hours:
    """What of a duty is on the day on which it begins: all of it, or until midnight."""
    first, last = _minute(row.starts), _minute(row.ends)
    return ((first, last if first <= last else DAY_MIN - 1),)


def _morning(row: DutyLine) -> Hours:
    """What of a night is on the next day."""
    first, last = _minute(row.starts), _minute(row.ends)
    return () if first <= last else ((0, last),)


def _weekdays(school: School, *, free: bool) -> list[int]:
    """Every weekday can be free: holidays, the summer. A school day only where the calendar has one."""
    if free:
        return list(range(1, 8))
    return sorted(set(school.year.weekdays) | {_weekday(row.day) for row in school.workdays})


def _weekday(day: str) -> int:
    return date.fromisoformat(day).isoweekday()


def _grouped(days: dict[int, Hours]) -> list[tuple[Hours, tuple[int, ...]]]:
    """The days that have the same holes."""
    ordered = sorted((hours, day) for day, hours in days.items() if hours)
    return [(hours, tuple(day for _, day in same)) for hours, same in groupby(ordered, key=lambda one: one[0])]


def spelt_days(days: tuple[int, ...]) -> str:
    """Three and more in a row as a span."""
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{NAMES[days[0] - 1]} to {NAMES[days[-1] - 1]}"
    return ", ".join(NAMES[day - 1] for day in days)


def _spelt_hours(hours: Hours) -> str:
    return ", ".join(f"{_time(first)} to {_time(last)}" for first, last in hours)


def _minute(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def _time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
