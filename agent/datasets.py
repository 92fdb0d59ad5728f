"""Reference data as it comes from the centre: the shape of each dataset. JSON Schemas are generated from here.

No names: a pupil and a member of staff are keys of the centre's, a card is a keyed hash. Money is whole tenge; a day is
the school's own, by the calendar's offset; a time of day is HH:MM of that offset.

Sealed  datasets of SEALED tell of children or hold a key: they come encrypted to the box, and lie so on its disk.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Zone = Annotated[str, Meta(pattern="^[^\\s,;]+$", max_length=64)]  # a place, with hyphens for spaces
Word = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$", max_length=32)]
Key = Annotated[str, Meta(pattern="^[0-9a-f]{16}$", description="a person, by the centre's key: 16 hex digits")]
CardHash = Annotated[
    str, Meta(pattern="^[0-9a-f]{32}$", description="keyed hash of a card's form and number, as in card.seen")
]
Day = Annotated[str, Meta(pattern=r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", examples=["2026-09-01"])]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["11:30"])]
Weekday = Annotated[int, Meta(ge=1, le=7, description="ISO: 1 is Monday")]
ShiftNumber = Annotated[int, Meta(ge=1, le=3)]
Tenge = Annotated[int, Meta(ge=0, le=10_000_000, description="whole tenge")]
Recipient = Annotated[str, Meta(pattern="^age1[0-9a-z]{58}$", description="age recipient, X25519")]


class Recipients(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset `recipients`: for whom evidence is sealed, by its kind."""

    snapshot: Annotated[
        list[Recipient],
        Meta(max_length=16, description="who may see the pictures of cameras as they are; none: none are kept so"),
    ]
    blurred: Annotated[
        list[Recipient],
        Meta(
            max_length=16,
            description="who may see them with faces and bodies made unrecognisable; none: none are kept so",
        ),
    ] = []
    support: Annotated[
        list[Recipient], Meta(max_length=16, description="who may open what a box tells of itself, by the order bundle")
    ] = []


# --- cards ------------------------------------------------------------------------------------------------------


class SchoolClass(msgspec.Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=16, description="as the school writes it", examples=["5А"])]
    shift: ShiftNumber = 1


class Pupil(msgspec.Struct, frozen=True, kw_only=True):
    pupil: Key
    class_: Annotated[str, Meta(min_length=1, max_length=16)] = msgspec.field(name="class")
    cards: Annotated[
        list[CardHash], Meta(max_length=32, description="each of the forms that a reader may report, of each card")
    ]
    blocked: Annotated[
        list[CardHash], Meta(max_length=64, description="cards that were this pupil's and are to be refused")
    ] = []


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    staff: Key
    cards: Annotated[list[CardHash], Meta(max_length=32)]
    may: Annotated[
        list[Annotated[str, Meta(pattern="^(meals|incidents)$")]],
        Meta(
            max_length=8, description="meals: reverses a meal, gives one for a forgotten card; incidents: answers them"
        ),
    ] = []


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset `cards`: who holds which card. Sealed."""

    card_key: Annotated[
        str,
        Meta(pattern="^[A-Za-z0-9+/]{43}=$", description="base64 of the 32 bytes under which cards are hashed"),
    ]
    classes: Annotated[list[SchoolClass], Meta(max_length=500)]
    pupils: Annotated[list[Pupil], Meta(max_length=10_000)]
    staff: Annotated[list[Staff], Meta(max_length=2_000)] = []


# --- calendar ---------------------------------------------------------------------------------------------------


class Span(msgspec.Struct, frozen=True, kw_only=True):
    first: Day
    last: Day


class Bell(msgspec.Struct, frozen=True, kw_only=True):
    lesson: Annotated[int, Meta(ge=0, le=15)]
    starts: TimeOfDay
    ends: TimeOfDay


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    shift: ShiftNumber
    bells: Annotated[list[Bell], Meta(min_length=1, max_length=16, description="lessons in the order of the day")]


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset `calendar`: which days are school days, and when lessons begin and end."""

    utc_offset_min: Annotated[int, Meta(ge=-720, le=840, description="of the school's own time; Kazakhstan: 300")]
    first: Day
    last: Day
    weekdays: Annotated[list[Weekday], Meta(min_length=1, max_length=7, description="usual school days")]
    holidays: Annotated[list[Span], Meta(max_length=100)] = []
    workdays: Annotated[list[Day], Meta(max_length=100, description="school days in spite of weekday or holiday")] = []
    shifts: Annotated[list[Shift], Meta(min_length=1, max_length=3)]
    late_after_min: Annotated[int, Meta(ge=0, le=60, description="later than the first bell by more: late")] = 5


# --- meals ------------------------------------------------------------------------------------------------------


class Meal(msgspec.Struct, frozen=True, kw_only=True):
    """When one meal is served."""

    meal: Word
    starts: TimeOfDay
    ends: TimeOfDay
    shifts: Annotated[list[ShiftNumber], Meta(max_length=3, description="for whom; empty: for everybody")] = []


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    first: Annotated[Day, Meta(description="from this day on, until the next tariff's")]
    tenge: Tenge


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays, and how much for one meal."""

    programme: Word
    tariffs: Annotated[list[Tariff], Meta(min_length=1, max_length=50, description="by day, ascending")]


class Entitlement(msgspec.Struct, frozen=True, kw_only=True):
    """From first to last this pupil has these meals by this programme."""

    pupil: Key
    programme: Word
    meals: Annotated[list[Word], Meta(min_length=1, max_length=8)]
    first: Day
    last: Day


class Meals(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset `meals`: what is served when, for whom, by which programme. Sealed: it tells of a family's means."""

    meals: Annotated[list[Meal], Meta(min_length=1, max_length=16)]
    programmes: Annotated[list[Programme], Meta(min_length=1, max_length=50)]
    entitlements: Annotated[list[Entitlement], Meta(max_length=50_000)]
    grace_s: Annotated[int, Meta(ge=0, le=600, description="a second tap within this time is the same meal")] = 60


# --- clubs ------------------------------------------------------------------------------------------------------


class ClubTime(msgspec.Struct, frozen=True, kw_only=True):
    weekday: Weekday
    starts: TimeOfDay
    ends: TimeOfDay


class Club(msgspec.Struct, frozen=True, kw_only=True):
    club: Word
    places: Annotated[int, Meta(ge=1, le=1_000, description="children at one time")]
    times: Annotated[list[ClubTime], Meta(min_length=1, max_length=50)]
    minimum_min: Annotated[int, Meta(ge=1, le=300, description="a shorter visit does not count")] = 30
    tenge: Annotated[Tenge, Meta(description="for one visit that counts")] = 0


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """One child, one place: from first to last this pupil may visit this club, here or in another school."""

    voucher: Word
    pupil: Key
    club: Word
    first: Day
    last: Day


class Clubs(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset `clubs`: this school's clubs, and the vouchers of its children. Sealed."""

    clubs: Annotated[list[Club], Meta(max_length=200)]
    vouchers: Annotated[list[Voucher], Meta(max_length=20_000)]


# --- duty -------------------------------------------------------------------------------------------------------


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers: the lowest rank first. Empty kinds, zones or weekdays stand for all."""

    staff: Key
    rank: Annotated[int, Meta(ge=1, le=9)] = 1
    kinds: Annotated[list[Word], Meta(max_length=16)] = []
    zones: Annotated[list[Zone], Meta(max_length=64)] = []
    weekdays: Annotated[list[Weekday], Meta(max_length=7)] = []
    starts: TimeOfDay = "00:00"
    ends: TimeOfDay = "23:59"
    free_days: Annotated[bool, Meta(description="also on days that are no school days")] = True


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """How long those who are told of a kind of incident have, where it is not as the box has it."""

    kind: Word
    answer_s: Annotated[int, Meta(ge=10, le=86_400, description="to say that they are on their way")]
    decide_s: Annotated[int, Meta(ge=10, le=86_400, description="from then on, to confirm or dismiss it")]


class DutyRoster(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset `duty`: the responsible persons, by key."""

    duties: Annotated[list[Duty], Meta(max_length=2_000)]
    head: Annotated[str, Meta(pattern="^([0-9a-f]{16})?$", description="the school's head; empty: not given")] = ""
    deadlines: Annotated[list[Deadlines], Meta(max_length=16)] = []


class MediaServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a live view may go."""

    host: Annotated[str, Meta(pattern="^[a-z0-9.-]{1,253}$")]
    port: Annotated[int, Meta(ge=1, le=65_535)] = 322
    ca: Annotated[str, Meta(max_length=10_000, description="PEM of who vouches for it; empty: the city's own CA")] = ""


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset `live`: to which media servers cameras may be shown live, and for how long."""

    servers: Annotated[list[MediaServer], Meta(max_length=8)]
    sessions: Annotated[int, Meta(ge=1, le=4, description="at one time")] = 2
    seconds: Annotated[int, Meta(ge=10, le=7_200, description="the longest view")] = 900


DATASETS: dict[str, type[msgspec.Struct]] = {
    "recipients": Recipients,
    "cards": Cards,
    "calendar": Calendar,
    "meals": Meals,
    "clubs": Clubs,
    "duty": DutyRoster,
    "live": Live,
}
SEALED = frozenset({"cards", "meals", "clubs"})
