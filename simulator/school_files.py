"""A school of any size as the folder of files that a city's systems export: docs/school-data.md.

Each pupil has a card by its whole number; a third have lunch paid, two thirds by a programme; one in twenty has lost a
card; one in ten has a voucher.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

FIRST, LAST = "2026-09-01", "2027-05-25"
LETTERS = "АБВГДЕЖЗ"
PER_CLASS = 30
SCHOOL = f"first = {FIRST}\nlast = {LAST}\n"
SHIFTS = {1: "08:00", 2: "13:30"}


def write_school(folder: Path, pupils: int, *, blocked: Iterable[int] = ()) -> None:
    """blocked: the numbers of pupils whose card is lost; a new one is given."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "classes": ["class;shift", *(f"{name};{shift}" for name, shift in classes(pupils))],
        "pupils": ["pupil;class;name", *(f"{pupil(n)};{_class_of(n)};Имя Фамилия {n}" for n in range(pupils))],
        "cards": ["pupil;staff;form;number;blocked", *_cards(pupils, set(blocked))],
        "staff": ["staff;may", "S-1;meals", "S-2;incidents"],
        "holidays": ["first;last", "2026-10-26;2026-11-01", "2026-12-30;2027-01-08"],
        "bells": ["shift;lesson;starts;ends", *_bells()],
        "meals": ["meal;starts;ends;shifts", "lunch;11:00;13:00;1", "lunch-2;15:00;17:00;2"],
        "tariffs": ["programme;first;tenge", f"free-1-4;{FIRST};450", f"paid;{FIRST};600"],
        "entitlements": ["pupil;programme;meals;first;last", *(_entitlement(n) for n in range(pupils))],
        "clubs": ["club;places", "chess;1000"],
        "club_times": ["club;weekday;starts;ends", "chess;2;17:00;18:30"],
        "vouchers": [
            "voucher;pupil;club;first;last",
            *(f"v-{n};{pupil(n)};chess;{FIRST};{LAST}" for n in range(0, pupils, 10)),
        ],
        "duty": ["staff;rank", "S-2;1"],
    }
    (folder / "school.toml").write_text(SCHOOL, encoding="utf-8")
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def pupil(number: int) -> str:
    return f"P-{number:06d}"


def card(number: int) -> str:
    """Five bytes of an EM4100 chip; no two of them share their last three."""
    return f"6F{number + 0x10000:08X}"


def classes(pupils: int) -> list[tuple[str, int]]:
    """Name and shift; every third class comes in the afternoon."""
    return [(_class(at), 2 if at % 3 == 2 else 1) for at in range((pupils + PER_CLASS - 1) // PER_CLASS)]


def _class(at: int) -> str:
    round_, letter = divmod(at // 11, len(LETTERS))
    return f"{at % 11 + 1}{LETTERS[letter]}{round_ or ''}"


def _class_of(number: int) -> str:
    return _class(number // PER_CLASS)


def _cards(pupils: int, blocked: set[int]) -> Iterable[str]:
    for number in range(pupils):
        lost = number in blocked or number % 20 == 0
        yield f"{pupil(number)};;em4100;{card(number)};{'yes' if lost else 'no'}"
        if lost:
            yield f"{pupil(number)};;em4100;{card(pupils + number)};no"
    yield from (f";S-{n};em4100;{card(2 * pupils + n)};no" for n in (1, 2))


def _entitlement(number: int) -> str:
    afternoon = (number // PER_CLASS) % 3 == 2
    meal, programme = "lunch-2" if afternoon else "lunch", "paid" if number % 3 == 0 else "free-1-4"
    return f"{pupil(number)};{programme};{meal};{FIRST};{LAST}"


def _bells() -> Iterable[str]:
    for shift, begins in SHIFTS.items():
        start = int(begins[:2]) * 60 + int(begins[3:])
        for lesson in range(1, 7):
            at = start + (lesson - 1) * 55
            yield f"{shift};{lesson};{_time(at)};{_time(at + 45)}"


def _time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
