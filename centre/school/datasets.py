"""The datasets that are made of a school's data, as the contract's schemas have them: docs/protocol.md, section 14.

What a box demands of a text's form stands in the schemas; it is checked where the text comes from, in cells.py.
"""

from __future__ import annotations

import msgspec

SEALED = frozenset({"cards", "meals", "clubs"})  # they tell of children or hold a key: for the school's box alone
MADE_HERE = ("cards", "calendar", "meals", "clubs", "duty", "live")  # the order of publication


class SchoolClass(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    shift: int = 1


class Pupil(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pupil: str
    class_: str = msgspec.field(name="class")
    cards: list[str]
    blocked: list[str] = []


class Staff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    staff: str
    cards: list[str]
    may: list[str] = []


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    card_key: str
    classes: list[SchoolClass]
    pupils: list[Pupil]
    staff: list[Staff] = []


class Span(msgspec.Struct, frozen=True, kw_only=True):
    first: str
    last: str


class Bell(msgspec.Struct, frozen=True, kw_only=True):
    lesson: int
    starts: str
    ends: str


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    shift: int
    bells: list[Bell]


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    utc_offset_min: int
    first: str
    last: str
    weekdays: list[int]
    holidays: list[Span]
    workdays: list[str]
    shifts: list[Shift]
    late_after_min: int


class Meal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    meal: str
    starts: str
    ends: str
    shifts: list[int] = []


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    first: str
    tenge: int


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    programme: str
    tariffs: list[Tariff]


class Entitlement(msgspec.Struct, frozen=True, kw_only=True):
    pupil: str
    programme: str
    meals: list[str]
    first: str
    last: str


class Meals(msgspec.Struct, frozen=True, kw_only=True):
    meals: list[Meal]
    programmes: list[Programme]
    entitlements: list[Entitlement]
    grace_s: int


class ClubTime(msgspec.Struct, frozen=True, kw_only=True):
    weekday: int
    starts: str
    ends: str


class Club(msgspec.Struct, frozen=True, kw_only=True):
    club: str
    places: int
    times: list[ClubTime]
    minimum_min: int
    tenge: int


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    voucher: str
    pupil: str
    club: str
    first: str
    last: str


class Clubs(msgspec.Struct, frozen=True, kw_only=True):
    clubs: list[Club]
    vouchers: list[Voucher]


class Duty(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    staff: str
    rank: int = 1
    kinds: list[str] = []
    zones: list[str] = []
    weekdays: list[int] = []
    starts: str = "00:00"
    ends: str = "23:59"
    free_days: bool = True


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    answer_s: int
    decide_s: int


class DutyRoster(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    duties: list[Duty]
    head: str = ""
    deadlines: list[Deadlines] = []


class MediaServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    host: str
    port: int = 322
    ca: str = ""


class Live(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    servers: list[MediaServer]
    sessions: int = 2
    seconds: int = 900


SHAPES: dict[str, type[msgspec.Struct]] = {
    "cards": Cards,
    "calendar": Calendar,
    "meals": Meals,
    "clubs": Clubs,
    "duty": DutyRoster,
    "live": Live,
}
