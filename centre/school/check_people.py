"""What must hold of classes, pupils, staff, days and bells. Pure."""

from __future__ import annotations

from itertools import pairwise

from centre.school.faults import Findings
from centre.school.rows import School, grouped, once, overlapping, turned

CYRILLIC, LATIN = "АВЕКМНОРСТУХІавекмнорстухі", "ABEKMHOPCTYXIabekmhopctyxi"
LOOKS_LIKE = str.maketrans(CYRILLIC, LATIN)
PUPILS_MAX, STAFF_MAX = 10_000, 2_000


def check(school: School, findings: Findings) -> None:
    _classes(school, findings)
    _persons(school, findings)
    _days(school, findings)
    _bells(school, findings)


def looks(name: str) -> str:
    """One form for all names that look the same: the letter А of 5А is Cyrillic here and Latin there."""
    return name.translate(LOOKS_LIKE).replace(" ", "").replace("-", "").upper()


def _classes(school: School, findings: Findings) -> None:
    names = once("classes.csv", "class", school.classes, lambda row: row.class_, findings)
    alike = {looks(name): name for name in reversed(list(names))}
    for row in school.classes:
        if alike[looks(row.class_)] != row.class_:
            what = f"looks like {alike[looks(row.class_)]}, and is another name"
            findings.fault(
                "classes.csv", row.line, "class", row.class_, what, "Write one of them, with the same letters."
            )
    taken = {row.class_ for row in school.pupils}
    for pupil in school.pupils:
        if pupil.class_ in names or not school.whole("classes.csv"):
            continue
        near = alike.get(looks(pupil.class_))
        what = f"is no class of classes.csv; {near} looks like it" if near else "is no class of classes.csv"
        do = (
            "Type it with the same letters, all Cyrillic or all Latin."
            if near
            else "Add the class, or correct it here."
        )
        findings.fault("pupils.csv", pupil.line, "class", pupil.class_, what, do)
    for row in school.classes:
        if row.class_ not in taken and school.whole("pupils.csv"):
            do = "Take the line away if the class is no more."
            findings.remark("classes.csv", row.line, "class", row.class_, "has no pupils", do)


def _persons(school: School, findings: Findings) -> None:
    once("pupils.csv", "pupil", school.pupils, lambda row: row.pupil, findings)
    once("staff.csv", "staff", school.staff, lambda row: row.staff, findings)
    for file, rows, most in (("pupils.csv", school.pupils, PUPILS_MAX), ("staff.csv", school.staff, STAFF_MAX)):
        if len(rows) > most:
            findings.fault(file, 0, "", len(rows), f"has more than {most} persons", "Is this one school?")
    if school.meals is not None and not any("meals" in row.may for row in school.staff):
        what = "nobody may give a meal for a forgotten card"
        findings.remark("staff.csv", 0, "may", "", what, "Write `meals` in `may` of the canteen's operator.")


def _days(school: School, findings: Findings) -> None:
    year = school.year
    holidays = turned("holidays.csv", school.holidays, ("first", "last"), findings)
    for one, other in overlapping(holidays, lambda row: row.first, lambda row: row.last):
        what = f"begins before the holidays of line {one.line} end"
        findings.fault("holidays.csv", other.line, "first", other.first, what, "Join the two, or correct the days.")
    once("workdays.csv", "day", school.workdays, lambda row: row.day, findings)
    days = [("holidays.csv", "first", row.line, row.first) for row in holidays]
    days += [("holidays.csv", "last", row.line, row.last) for row in holidays]
    days += [("workdays.csv", "day", row.line, row.day) for row in school.workdays]
    for file, column, line, day in days:
        if not year.first <= day <= year.last:
            what = f"is outside the school year, {year.first} to {year.last}"
            findings.fault(file, line, column, day, what, "Correct the day, or the year in school.toml.")


def _bells(school: School, findings: Findings) -> None:
    file = "bells.csv"
    sound = turned(file, school.bells, ("starts", "ends"), findings)
    once(file, "lesson", school.bells, lambda row: (row.shift, row.lesson), findings)
    for rows in grouped(sound, lambda row: row.shift).values():
        for one, other in pairwise(sorted(rows, key=lambda row: row.starts)):
            if other.starts < one.ends:
                what = f"is before the lesson of line {one.line} ends"
                findings.fault(file, other.line, "starts", other.starts, what, "Look at both lines.")
            elif other.lesson <= one.lesson:
                what = f"is rung after lesson {one.lesson} of line {one.line}"
                findings.fault(file, other.line, "lesson", other.lesson, what, "Number lessons by the day's order.")
    shifts = {row.shift for row in school.bells}
    for row in school.classes:
        if row.shift not in shifts and school.whole(file):
            do = "Add the shift's lessons, or correct it here."
            findings.fault("classes.csv", row.line, "shift", row.shift, "has no bells in bells.csv", do)
