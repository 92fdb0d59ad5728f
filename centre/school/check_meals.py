"""What must hold of meals, tariffs and entitlements. Pure."""

from __future__ import annotations

from itertools import combinations

from centre.school.faults import Findings
from centre.school.lines import EntitlementLine, MealLine
from centre.school.rows import School, grouped, once, overlapping, turned

MEALS_MAX, PROGRAMMES_MAX, ENTITLEMENTS_MAX = 16, 50, 50_000


def check(school: School, findings: Findings) -> None:
    if school.meals is None:
        for file, rows in (("tariffs.csv", school.tariffs), ("entitlements.csv", school.entitlements)):
            if rows:
                findings.fault(file, 0, "", "", "is there, and meals.csv is not", "Add meals.csv: what is served when.")
        return
    _meals(school, school.meals, findings)
    _tariffs(school, findings)
    _entitlements(school, school.meals, findings)


def _meals(school: School, meals: list[MealLine], findings: Findings) -> None:
    once("meals.csv", "meal", meals, lambda row: row.meal, findings)
    if not 1 <= len(meals) <= MEALS_MAX:
        do = "Take meals.csv away if the school serves nothing."
        findings.fault("meals.csv", 0, "", len(meals), f"has not 1 to {MEALS_MAX} meals", do)
    shifts = {row.shift for row in school.bells}
    for row in meals:
        for shift in row.shifts:
            if shift not in shifts and school.whole("bells.csv"):
                do = "Correct it, or add the shift to bells.csv."
                findings.fault("meals.csv", row.line, "shifts", shift, "is no shift of bells.csv", do)
    sound = turned("meals.csv", meals, ("starts", "ends"), findings)
    for one, other in combinations(sorted(sound, key=lambda row: row.starts), 2):
        if other.starts < one.ends and _share(one, other):
            what = f"begins while {one.meal} of line {one.line} is served to the same shift"
            do = "Let them be served one after the other, or to different shifts: a tap must mean one meal."
            findings.fault("meals.csv", other.line, "starts", other.starts, what, do)


def _share(one: MealLine, other: MealLine) -> bool:
    return not one.shifts or not other.shifts or bool(set(one.shifts) & set(other.shifts))


def _tariffs(school: School, findings: Findings) -> None:
    once("tariffs.csv", "first", school.tariffs, lambda row: (row.programme, row.first), findings)
    if not 1 <= len({row.programme for row in school.tariffs}) <= PROGRAMMES_MAX and school.whole("tariffs.csv"):
        what = f"names not 1 to {PROGRAMMES_MAX} programmes"
        findings.fault("tariffs.csv", 0, "programme", "", what, "Write who pays, from when, how much for a meal.")
    for name, rows in grouped(school.tariffs, lambda row: row.programme).items():
        if len(rows) > 50:
            findings.fault("tariffs.csv", 0, "programme", name, "has more than 50 tariffs", "Keep those of this year.")


def _entitlements(school: School, meals: list[MealLine], findings: Findings) -> None:
    file, rows = "entitlements.csv", school.entitlements
    if len(rows) > ENTITLEMENTS_MAX:
        findings.fault(file, 0, "", len(rows), f"has more than {ENTITLEMENTS_MAX} lines", "Is this one school?")
    if not rows:
        findings.remark(file, 0, "", "", "nobody is entitled to a meal", "Add who may eat by which programme.")
    sound = turned(file, rows, ("first", "last"), findings)
    _named(school, meals, findings)
    _paid(school, sound, findings)
    year = school.year
    for row in sound:
        if not (year.first <= row.first and row.last <= year.last):
            what = f"is not within the school year, {year.first} to {year.last}"
            findings.fault(file, row.line, "last", row.last, what, "Correct the days, or the year in school.toml.")
    for (_pupil, meal), same in grouped(_each_meal(sound), lambda one: (one.pupil, one.meals[0])).items():
        for one, other in overlapping(same, lambda row: row.first, lambda row: row.last):
            what = f"overlaps line {one.line}: {meal} would be paid by {one.programme} and by {other.programme}"
            do = "Let one end before the other begins."
            findings.fault(file, other.line, "first", other.first, what, do)


def _each_meal(rows: list[EntitlementLine]) -> list[EntitlementLine]:
    return [
        EntitlementLine(
            line=row.line, pupil=row.pupil, programme=row.programme, meals=(meal,), first=row.first, last=row.last
        )
        for row in rows
        for meal in row.meals
    ]


def _named(school: School, meals: list[MealLine], findings: Findings) -> None:
    pupils, names = {row.pupil for row in school.pupils}, {row.meal for row in meals}
    for row in school.entitlements:
        if row.pupil not in pupils and school.whole("pupils.csv"):
            do = "Add the pupil, or take the entitlement away."
            findings.fault("entitlements.csv", row.line, "pupil", row.pupil, "is nobody of pupils.csv", do)
        for meal in row.meals:
            if meal not in names and school.whole("meals.csv"):
                do = f"Meals: {', '.join(sorted(names))}."
                findings.fault("entitlements.csv", row.line, "meals", meal, "is no meal of meals.csv", do)
        if not row.meals:
            findings.fault("entitlements.csv", row.line, "meals", "", "names no meal", "Write one or more.")


def _paid(school: School, rows: list[EntitlementLine], findings: Findings) -> None:
    """Each day of an entitlement has a tariff: from the programme's first one on there is always one."""
    since: dict[str, str] = {}
    for tariff in school.tariffs:
        since[tariff.programme] = min(since.get(tariff.programme, tariff.first), tariff.first)
    for row in rows:
        begins = since.get(row.programme)
        if not school.whole("tariffs.csv"):
            return
        if begins is None:
            do = f"Programmes: {', '.join(sorted(since))}. Or add its tariff."
            findings.fault("entitlements.csv", row.line, "programme", row.programme, "has no tariff in tariffs.csv", do)
        elif row.first < begins:
            what = f"is before the first tariff of {row.programme}, {begins}: these days have no price"
            findings.fault("entitlements.csv", row.line, "first", row.first, what, "Add the tariff of that time.")
