"""What events of the school's rules say: meals, clubs, attendance, the ledger. agent/events.py lists their kinds.

A pupil is a key of the centre's, money is whole tenge. What is a leaf of the ledger and tells of a pupil has a salt.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.datasets import Day, Key, Tenge, TimeOfDay, Word
from agent.event_words import Count, DayOrNone, Leaf, Marks, Name, Salt, Somebody


class MealGranted(msgspec.Struct, frozen=True, kw_only=True):
    """A meal was given."""

    reader: Name
    pupil: Annotated[Somebody, Meta(description="empty: a forgotten card; the centre finds out whose")]
    salt: Salt
    day: DayOrNone
    meal: Word
    programme: Annotated[str, Meta(max_length=32, description="empty for a forgotten card")]
    tenge: Tenge
    operator: Annotated[Somebody, Meta(description="who answers for a forgotten card")] = ""
    marks: Marks = []


class MealRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A card was shown for a meal and got none."""

    reader: Name
    reason: Annotated[
        str,
        Meta(
            description="no_entitlement, already_eaten, not_serving, unknown_card, blocked_card, no_data; of an "
            "operator's second card: nothing_to_reverse"
        ),
    ]
    pupil: Somebody
    card: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$", description="keyed hash of a card that is not known")] = ""
    day: DayOrNone = ""
    meal: Annotated[str, Meta(max_length=32)] = ""
    marks: Marks = []


class MealReversed(msgspec.Struct, frozen=True, kw_only=True):
    """An operator took a meal back that was given in error."""

    reader: Name
    pupil: Key
    salt: Salt
    of: Annotated[str, Meta(max_length=64, description="the leaf that granted it; empty if another box did")]
    day: DayOrNone
    meal: Word
    programme: Annotated[str, Meta(max_length=32)]
    tenge: Tenge
    operator: Key


class MealDated(msgspec.Struct, frozen=True, kw_only=True):
    """A meal that was given while the clock was not trusted has its day now, or cannot be counted."""

    pupil: Somebody
    salt: Salt
    of: Leaf
    day: DayOrNone
    meal: Word
    programme: Annotated[str, Meta(max_length=32)]
    tenge: Tenge
    counted: bool
    reason: Annotated[
        str,
        Meta(
            description="empty if counted; already_eaten; no_entitlement: none on that day; perhaps_twice: nobody can "
            "tell; other_price: it is granted anew, at that day's price"
        ),
    ] = ""


class ClubEntered(msgspec.Struct, frozen=True, kw_only=True):
    """A child came into a club."""

    reader: Name
    pupil: Key
    club: Word
    voucher: Word
    day: DayOrNone
    marks: Marks = []


class ClubRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A child's card was shown at a club, and the child has no place in it."""

    reader: Name
    reason: Annotated[
        str,
        Meta(
            description="not_enrolled, elsewhere, expired, full, wrong_day, in_another_club, unknown_card, "
            "blocked_card, no_data"
        ),
    ]
    pupil: Somebody
    card: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$", description="keyed hash of a card that is not known")] = ""
    club: Annotated[str, Meta(max_length=32)] = ""
    day: DayOrNone = ""
    marks: Marks = []


class ClubVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A child's visit of a club has ended."""

    reader: Name
    pupil: Key
    salt: Salt
    club: Word
    voucher: Word
    day: DayOrNone
    minutes: Annotated[int, Meta(ge=0, le=1_440)]
    counted: Annotated[bool, Meta(description="whether it is paid for")]
    ended: Annotated[str, Meta(description="tap; rule: the child did not tap out, it was ended by the timetable")]
    reason: Annotated[
        str, Meta(description="why it is not counted: too_short, no_tap_out, overlap, no_data; empty")
    ] = ""
    tenge: Annotated[Tenge, Meta(description="0 if it is not counted")]
    marks: Marks = []


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """A pupil passed the entrance."""

    reader: Name
    pupil: Somebody
    card: Annotated[str, Meta(pattern="^([0-9a-f]{32})?$", description="keyed hash of a card that is not known")] = ""
    day: DayOrNone
    way: Annotated[str, Meta(description="in, out; empty: a card that is not taken, at a reader for both")]
    state: Annotated[
        str, Meta(description="present, late, back, left, left_early, unknown_card, blocked_card, no_data")
    ]
    marks: Marks = []


class AttendanceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One class at one bell: how many are there."""

    day: Day
    class_: Annotated[str, Meta(min_length=1, max_length=16)] = msgspec.field(name="class")
    shift: Annotated[int, Meta(ge=1, le=3)]
    lesson: Annotated[int, Meta(ge=0, le=15, description="the lesson that begins; 0 after the last: the day's end")]
    bell: TimeOfDay
    enrolled: Count
    present: Annotated[Count, Meta(description="in the school at the bell, late ones included")]
    late: Count
    left_early: Count
    absent: Annotated[Count, Meta(description="not seen today")]
    marks: Marks = []


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern that somebody should look at. Nothing was refused for it."""

    rule: Annotated[
        str,
        Meta(
            description="meal_without_presence, too_fast, two_places, class_ate_more, clubs_overlap, meal_twice: see "
            "docs/rules.md"
        ),
    ]
    day: DayOrNone
    reader: Annotated[str, Meta(max_length=64)] = ""
    other: Annotated[str, Meta(max_length=64, description="the other reader or club; which meal")] = ""
    pupil: Somebody = ""
    class_: Annotated[str, Meta(max_length=16)] = msgspec.field(default="", name="class")
    count: Count = 1
    expected: Count = 0


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's size and root, signed: what is in it by now cannot be changed unnoticed any more."""

    size: Count
    reason: Annotated[str, Meta(description="hour, day, start, stop, order")]
    note: Annotated[str, Meta(max_length=4_000, description="C2SP signed note: tlog-checkpoint")]


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves of one kind add up to."""

    kind: Annotated[
        str,
        Meta(description="granted, forgotten, reversed, dated, not_counted, visit, visit_not_counted; suspicion"),
    ]
    day: DayOrNone
    what: Annotated[str, Meta(max_length=32, description="programme or club; the rule of a suspicion")]
    tenge: Tenge
    count: Count


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger's leaves since the last statement add up to, by day, programme and tariff, and by club."""

    day: Annotated[Day, Meta(description="the school's day at whose end it was made, or the last that had ended")]
    first: Annotated[Count, Meta(description="index of its first leaf: the end of the statement before")]
    end: Annotated[Count, Meta(description="index after its last leaf: that of the statement's own")]
    root_first: Annotated[str, Meta(description="root of the log of `first` leaves, base64")]
    root_end: Annotated[str, Meta(description="root of the log of `end` leaves, base64")]
    lines: list[StatementLine]
    meals: Annotated[int, Meta(description="granted and forgotten, less reversed and not counted")]
    meals_tenge: int
    visits: Count
    visits_tenge: Count
    suspicions: Count
    record_last: Annotated[Count, Meta(description="sequence of the record lane's last event before it")]
    datasets: Annotated[dict[str, str], Meta(description="versions of reference data at its moment")]
