"""A checked school -> its datasets, as plain JSON. Pure: the same rows in any order make the same bytes."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterator

import msgspec

from centre.school import datasets as shapes
from centre.school.check_cards import numbers_of
from centre.school.persons import Person, Secrets
from centre.school.rows import School, grouped


def build(school: School, secrets: Secrets) -> dict[str, bytes]:
    """Name -> content; a dataset of which no file is there is not among them."""
    makers: dict[str, Callable[[School, Secrets], msgspec.Struct | None]] = {
        "cards": _cards,
        "calendar": _calendar,
        "meals": _meals,
        "clubs": _clubs,
        "duty": _duty,
    }
    made = {name: make(school, secrets) for name, make in makers.items()}
    return {name: msgspec.json.encode(found) for name, found in made.items() if found is not None}


def persons(school: School, secrets: Secrets) -> Iterator[Person]:
    for pupil in school.pupils:
        key = secrets.person("pupil", pupil.pupil)
        yield Person(key=key, kind="pupil", external=pupil.pupil, class_=pupil.class_, name=pupil.name)
    for one in school.staff:
        yield Person(key=secrets.person("staff", one.staff), kind="staff", external=one.staff, name=one.name)


def _cards(school: School, secrets: Secrets) -> shapes.Cards:
    """A blocked card of staff is left out: nobody has it then."""
    valid: defaultdict[str, set[str]] = defaultdict(set)
    blocked: defaultdict[str, set[str]] = defaultdict(set)
    for row in school.cards:
        key = secrets.person("pupil", row.pupil) if row.pupil else secrets.person("staff", row.staff)
        of = blocked if row.blocked else valid
        of[key] |= {secrets.card(number) for number in numbers_of(row, school.year.reader_forms)}
    pupils = [
        shapes.Pupil(pupil=key, class_=row.class_, cards=sorted(valid[key]), blocked=sorted(blocked[key]))
        for row in school.pupils
        for key in [secrets.person("pupil", row.pupil)]
    ]
    staff = [
        shapes.Staff(staff=key, cards=sorted(valid[key]), may=sorted(row.may))
        for row in school.staff
        for key in [secrets.person("staff", row.staff)]
    ]
    return shapes.Cards(
        card_key=base64.b64encode(secrets.card_key).decode(),
        classes=sorted(
            (shapes.SchoolClass(name=row.class_, shift=row.shift) for row in school.classes), key=lambda one: one.name
        ),
        pupils=sorted(pupils, key=lambda one: one.pupil),
        staff=sorted(staff, key=lambda one: one.staff),
    )


def _calendar(school: School, _secrets: Secrets) -> shapes.Calendar:
    year = school.year
    shifts = []
    for number, rows in sorted(grouped(school.bells, lambda row: row.shift).items()):
        bells = [shapes.Bell(lesson=row.lesson, starts=row.starts, ends=row.ends) for row in rows]
        shifts.append(shapes.Shift(shift=number, bells=sorted(bells, key=lambda one: one.starts)))
    return shapes.Calendar(
        utc_offset_min=year.utc_offset_min,
        first=year.first,
        last=year.last,
        weekdays=list(year.weekdays),
        holidays=[
            shapes.Span(first=first, last=last)
            for first, last in sorted((row.first, row.last) for row in school.holidays)
        ],
        workdays=sorted(row.day for row in school.workdays),
        shifts=shifts,
        late_after_min=year.late_after_min,
    )


def _meals(school: School, secrets: Secrets) -> shapes.Meals | None:
    if school.meals is None:
        return None
    meals = [
        shapes.Meal(meal=row.meal, starts=row.starts, ends=row.ends, shifts=sorted(row.shifts)) for row in school.meals
    ]
    programmes = []
    for name, rows in sorted(grouped(school.tariffs, lambda row: row.programme).items()):
        tariffs = [
            shapes.Tariff(first=first, tenge=tenge) for first, tenge in sorted((row.first, row.tenge) for row in rows)
        ]
        programmes.append(shapes.Programme(programme=str(name), tariffs=tariffs))
    entitlements = [
        shapes.Entitlement(
            pupil=secrets.person("pupil", row.pupil),
            programme=row.programme,
            meals=sorted(row.meals),
            first=row.first,
            last=row.last,
        )
        for row in school.entitlements
    ]
    return shapes.Meals(
        meals=sorted(meals, key=lambda one: (one.starts, one.meal)),
        programmes=programmes,
        entitlements=sorted(entitlements, key=lambda one: (one.pupil, one.first, one.meals)),
        grace_s=school.year.grace_s,
    )


def _clubs(school: School, secrets: Secrets) -> shapes.Clubs | None:
    if school.clubs is None:
        return None
    times = grouped(school.club_times, lambda row: row.club)
    clubs = []
    for row in school.clubs:
        when = sorted((time.weekday, time.starts, time.ends) for time in times.get(row.club, []))
        clubs.append(
            shapes.Club(
                club=row.club,
                places=row.places,
                times=[shapes.ClubTime(weekday=weekday, starts=starts, ends=ends) for weekday, starts, ends in when],
                minimum_min=row.minimum_min,
                tenge=row.tenge,
            )
        )
    vouchers = [
        shapes.Voucher(
            voucher=row.voucher,
            pupil=secrets.person("pupil", row.pupil),
            club=row.club,
            first=row.first,
            last=row.last,
        )
        for row in school.vouchers
    ]
    return shapes.Clubs(
        clubs=sorted(clubs, key=lambda one: one.club), vouchers=sorted(vouchers, key=lambda one: one.voucher)
    )


def _duty(school: School, secrets: Secrets) -> shapes.DutyRoster | None:
    if school.duty is None and not school.year.head:
        return None
    duties = [
        shapes.Duty(
            staff=secrets.person("staff", row.staff),
            rank=row.rank,
            kinds=sorted(row.kinds),
            zones=sorted(row.zones),
            weekdays=sorted(row.weekdays),
            starts=row.starts,
            ends=row.ends,
            free_days=row.free_days,
        )
        for row in school.duty or []
    ]
    return shapes.DutyRoster(
        duties=sorted(duties, key=lambda one: (one.rank, one.staff, one.starts)),
        head=secrets.person("staff", school.year.head) if school.year.head else "",
        deadlines=[
            shapes.Deadlines(kind=kind, answer_s=answer_s, decide_s=decide_s)
            for kind, answer_s, decide_s in school.year.deadlines
        ],
    )
