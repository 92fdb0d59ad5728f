"""The files of a school's folder, and what a line of each may say: docs/school-data.md.

`line` is the place in the file, for what is said of it later.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from centre.school import cells
from centre.school.numbers import PRINTS

Id = Annotated[str, cells.identifier]
Name = Annotated[str, cells.name]
ClassName = Annotated[str, cells.class_name]
Word = Annotated[str, cells.word]
Words = Annotated[tuple[str, ...], cells.items(cells.word)]
Zones = Annotated[tuple[str, ...], cells.items(cells.zone)]
Day = Annotated[str, cells.day]
TimeOfDay = Annotated[str, cells.time_of_day]
YesNo = Annotated[bool, cells.yes]
Shift = Annotated[int, cells.whole(1, 3)]
Shifts = Annotated[tuple[int, ...], cells.items(cells.whole(1, 3))]
Weekday = Annotated[int, cells.whole(1, 7)]
Weekdays = Annotated[tuple[int, ...], cells.items(cells.whole(1, 7))]
Tenge = Annotated[int, cells.tenge]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of any file."""

    line: int


class ClassLine(Line, frozen=True, kw_only=True):
    class_: ClassName = msgspec.field(name="class")
    shift: Shift = 1


class PupilLine(Line, frozen=True, kw_only=True):
    pupil: Id
    class_: ClassName = msgspec.field(name="class")
    name: Name = ""


class StaffLine(Line, frozen=True, kw_only=True):
    staff: Id
    may: Annotated[tuple[str, ...], cells.items(cells.one_of("meals", "incidents"))] = ()
    name: Name = ""


class CardLine(Line, frozen=True, kw_only=True):
    """One of pupil and staff."""

    pupil: Id = ""
    staff: Id = ""
    form: Annotated[str, cells.one_of(*PRINTS)]
    number: Annotated[str, cells.name]
    blocked: YesNo = False


class HolidayLine(Line, frozen=True, kw_only=True):
    first: Day
    last: Day
    name: Name = ""


class WorkdayLine(Line, frozen=True, kw_only=True):
    day: Day


class BellLine(Line, frozen=True, kw_only=True):
    shift: Shift
    lesson: Annotated[int, cells.whole(0, 15)]
    starts: TimeOfDay
    ends: TimeOfDay


class MealLine(Line, frozen=True, kw_only=True):
    meal: Word
    starts: TimeOfDay
    ends: TimeOfDay
    shifts: Shifts = ()


class TariffLine(Line, frozen=True, kw_only=True):
    programme: Word
    first: Day
    tenge: Tenge


class EntitlementLine(Line, frozen=True, kw_only=True):
    pupil: Id
    programme: Word
    meals: Words
    first: Day
    last: Day


class ClubLine(Line, frozen=True, kw_only=True):
    club: Word
    places: Annotated[int, cells.whole(1, 1_000)]
    minimum_min: Annotated[int, cells.whole(1, 300)] = 30
    tenge: Tenge = 0


class ClubTimeLine(Line, frozen=True, kw_only=True):
    club: Word
    weekday: Weekday
    starts: TimeOfDay
    ends: TimeOfDay


class VoucherLine(Line, frozen=True, kw_only=True):
    """elsewhere: the club is another school's."""

    voucher: Word
    pupil: Id
    club: Word
    first: Day
    last: Day
    elsewhere: YesNo = False


class DutyLine(Line, frozen=True, kw_only=True):
    staff: Id
    rank: Annotated[int, cells.whole(1, 9)] = 1
    kinds: Words = ()
    zones: Zones = ()
    weekdays: Weekdays = ()
    starts: TimeOfDay = "00:00"
    ends: TimeOfDay = "23:59"
    free_days: YesNo = True


FILES: dict[str, type[Line]] = {
    "classes": ClassLine,
    "pupils": PupilLine,
    "cards": CardLine,
    "staff": StaffLine,
    "holidays": HolidayLine,
    "workdays": WorkdayLine,
    "bells": BellLine,
    "meals": MealLine,
    "tariffs": TariffLine,
    "entitlements": EntitlementLine,
    "clubs": ClubLine,
    "club_times": ClubTimeLine,
    "vouchers": VoucherLine,
    "duty": DutyLine,
}
REQUIRED = ("classes", "pupils", "cards", "bells")
