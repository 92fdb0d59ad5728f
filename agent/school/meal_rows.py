"""The table `meal`: what was given and what became of it. A row and its leaf of the ledger change together, here alone.

States  granted -> reversed by an operator; granted without a day -> granted with its day, not counted, or counted
        though its day will never be known
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import msgspec

from agent.events import draft
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school.meals import Standing
from agent.school_events import MealDated, MealGranted, MealReversed

STANDING_ROWS = 16  # a dataset has at most so many meals a day: more of them never matter
COLUMNS = "number, pupil, day, meal, programme, tenge, first, last, state, utc_ns, boot, monotonic_ns, reader, leaf"
SELECT = f"select {COLUMNS} from meal "  # noqa: S608 - our own columns
STANDING = SELECT + "where pupil = ? and state = 0 order by number desc limit ?"
ONCE = "from meal where day = ? and meal = ? and pupil = ? and state = 0 and day <> '' and pupil <> ''"  # by meal_once
UNDATED = SELECT + "where day = '' and state = 0 and boot = ? order by number limit ?"
UNDATED_BEFORE = SELECT + "where day = '' and state = 0 and boot <> ? order by number limit ?"
UNDATED_OF = SELECT + "where day = '' and state = 0 and +boot = ? and pupil = ? order by number"  # whose are fewest
INSERT = """
insert into meal (pupil, day, meal, programme, tenge, first, last, utc_ns, boot, monotonic_ns, reader, leaf)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class State(IntEnum):
    GRANTED = 0
    REVERSED = 1
    NOT_COUNTED = 2
    DAY_UNKNOWN = 3  # counted; its day will never be known


class MealRow(msgspec.Struct, frozen=True):
    """One meal that was given."""

    number: int
    pupil: str  # '' = a forgotten card
    day: str  # '' = not known
    meal: str
    programme: str
    tenge: int
    first: str  # from first to last the pupil was entitled, as known when it was given
    last: str
    state: int
    utc_ns: int
    boot: str
    monotonic_ns: int
    reader: str
    leaf: str  # '' = the centre told that another box gave it

    def elapsed_ns(self, at: Moment, boot: str) -> int | None:
        """Since then; None if another box gave it."""
        return _elapsed_ns(self.utc_ns, self.boot, self.monotonic_ns, at, boot) if self.leaf else None


def _elapsed_ns(utc_ns: int, then: str, monotonic_ns: int, at: Moment, boot: str) -> int:
    """Exact within a boot, else as the clock says."""
    return at.monotonic_ns - monotonic_ns if then == boot else at.utc_ns - utc_ns


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A meal that is to be given."""

    pupil: str
    day: str
    meal: str
    programme: str = ""
    tenge: int = 0
    first: str = ""
    last: str = ""
    reader: str
    at: Moment
    boot: str
    waited_ns: int = 0  # so long the disk did not answer: until then nobody has seen green
    operator: str = ""
    marks: list[str] = []


def standing(transaction: Transaction, pupil: str, limit: int = STANDING_ROWS) -> list[MealRow]:
    """A pupil's meals that were not taken back, the latest first."""
    return _rows(transaction, STANDING, pupil, limit)


def given(
    transaction: Transaction, pupil: str, day: str, meals: Iterable[str], at: Moment, boot: str
) -> list[Standing]:
    """Which of these meals this pupil was given on a day; far cheaper than all that stand."""
    found = []
    for meal in meals:
        row = transaction.execute(f"select utc_ns, boot, monotonic_ns, leaf {ONCE}", (day, meal, pupil)).fetchone()
        if row is not None:
            utc_ns, then, monotonic_ns, leaf = row
            elapsed_ns = _elapsed_ns(utc_ns, then, monotonic_ns, at, boot) if leaf else None
            found.append(Standing(day, meal, elapsed_ns, then == boot))
    return found


def undated(transaction: Transaction, boot: str, limit: int) -> list[MealRow]:
    """Meals of this boot without a day, the oldest first."""
    return _rows(transaction, UNDATED, boot, limit)


def undated_before(transaction: Transaction, boot: str, limit: int) -> list[MealRow]:
    """Meals of other boots without a day, the oldest first."""
    return _rows(transaction, UNDATED_BEFORE, boot, limit)


def undated_of(transaction: Transaction, boot: str, pupil: str) -> list[MealRow]:
    """A pupil's meals of this boot without a day, the oldest first."""
    return _rows(transaction, UNDATED_OF, boot, pupil)


def stands(transaction: Transaction, day: str, meal: str, pupil: str) -> bool:
    """Whether this pupil was given this meal."""
    return transaction.execute(f"select 1 {ONCE}", (day, meal, pupil)).fetchone() is not None


def stands_between(transaction: Transaction, pupil: str, first: str, last: str) -> bool:
    """Whether this pupil was given any meal on one of these days."""
    sql = "select 1 from meal where pupil = ? and state = 0 and day between ? and ? and day <> '' limit 1"
    return transaction.execute(sql, (pupil, first, last)).fetchone() is not None


def without_day(transaction: Transaction, pupil: str) -> list[MealRow]:
    """A pupil's meals that are counted though their day will never be known; their time is that of the day after."""
    return _rows(transaction, SELECT + "where pupil = ? and state = 3", pupil)


def latest_day(transaction: Transaction, before: int | None = None) -> str:
    """The latest day of any meal, or of those before a number; empty if there is none."""
    if before is None:  # by the index of meals that were given once
        sql = "select max(day) from meal where state = 0 and day <> '' and pupil <> ''"
        row = transaction.execute(sql).fetchone()
    else:
        sql = "select day from meal where number < ? and day <> '' order by number desc limit 1"
        row = transaction.execute(sql, (before,)).fetchone()
    return str(row[0]) if row and row[0] else ""


def grant(transaction: Transaction, given: Given) -> None:
    """Give a meal: the leaf, and the row."""
    event = MealGranted(
        reader=given.reader,
        pupil=given.pupil,
        salt=_salt(),
        day=given.day,
        meal=given.meal,
        programme=given.programme,
        tenge=given.tenge,
        operator=given.operator,
        marks=given.marks,
    )
    transaction.put(draft(event, given.at, source=given.reader))
    row = (
        *(given.pupil, given.day, given.meal, given.programme, given.tenge, given.first, given.last),
        *(given.at.utc_ns, given.boot, given.at.monotonic_ns + given.waited_ns, given.reader, transaction.leaf_name()),
    )
    transaction.execute(INSERT, row)


def take_back(transaction: Transaction, row: MealRow, *, at: Moment, reader: str, operator: str) -> None:
    """Reverse a meal: the leaf, and the row's state."""
    event = MealReversed(
        reader=reader,
        pupil=row.pupil,
        salt=_salt(),
        of=row.leaf,
        day=row.day,
        meal=row.meal,
        programme=row.programme,
        tenge=row.tenge,
        operator=operator,
    )
    transaction.put(draft(event, at, source=reader))
    sql = "update meal set state = ?, programme = ?, tenge = ? where number = ?"
    transaction.execute(sql, (State.REVERSED, row.programme, row.tenge, row.number))


def date(transaction: Transaction, row: MealRow, at: Moment, *, reason: str = "") -> None:
    """Tell what became of a meal without a day: the leaf, and the row, whose day, meal and time are the new ones.

    reason  why it is not counted; empty if it is
    """
    event = MealDated(
        pupil=row.pupil,
        salt=_salt(),
        of=row.leaf,
        day=row.day,
        meal=row.meal,
        programme=row.programme,
        tenge=row.tenge,
        counted=not reason,
        reason=reason,
    )
    transaction.put(draft(event, at, source=row.reader))
    counted = State.GRANTED if row.day else State.DAY_UNKNOWN
    sql = "update meal set state = ?, day = ?, meal = ?, utc_ns = ? where number = ?"
    transaction.execute(sql, (State.NOT_COUNTED if reason else counted, row.day, row.meal, row.utc_ns, row.number))


def _rows(transaction: Transaction, sql: str, *args: Any) -> list[MealRow]:
    return [MealRow(*row) for row in transaction.execute(sql, args)]


def _salt() -> str:
    return secrets.token_hex(16)
