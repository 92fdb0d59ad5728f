"""Meals that were given while the clock was not trusted get their day, once it is trusted again.

This boot      the time of each is exact: now less what has passed by the monotonic clock.
Earlier boots  a meal was given between the latest day that was certain before it and the first one after it. It waits
               until the latter is over: then all that the pupil was given on those days is known. One day: that is it.
               Several: the day stays unknown, and the meal is counted if no other can be the same one.
Price          that of the day: where it is another than the meal was given at, the meal is recorded anew.
Memory         the fact `meals/clock`: the latest certain day, and the first after the meals that wait
"""

from __future__ import annotations

import msgspec

from agent.book import Book
from agent.events import draft
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school import meal_rows
from agent.school.calendar import local, midnight_ns
from agent.school.meal_rows import Given, MealRow
from agent.school.meals import Reason
from agent.school.rights import Right, is_open, nearest, rights, windows
from agent.school_events import Suspicion

PIECE = 100  # rows of one tick: taps go on
FACT = "meals/clock"
APART_NS = 16 * 3_600 * 1_000_000_000  # two meals of one pupil that are so far apart are two
NOON_NS = 12 * 3_600 * 1_000_000_000
PERHAPS_TWICE = "perhaps_twice"
OTHER_PRICE = "other_price"


class Certain(msgspec.Struct, frozen=True):
    """Days on which the clock was trusted."""

    day: str = ""  # the latest, when no meal without a day was left
    after: str = ""  # the first after the meals that wait; '' = none waits
    through: int = 0  # the last of these meals


def tick(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:
    """What can be said now of meals without a day, a piece at a time."""
    if not now.synced or book.meals is None:
        return
    own = meal_rows.undated(transaction, boot, PIECE)
    for row in own:
        _date_exactly(transaction, book, row, now)
    if not own:
        _earlier(transaction, book, now, boot)


def date_own(transaction: Transaction, book: Book, now: Moment, boot: str, pupil: str) -> None:
    """A pupil's meals of this boot, before the pupil is given another by a trusted clock."""
    if book.meals is not None:
        for row in meal_rows.undated_of(transaction, boot, pupil):
            _date_exactly(transaction, book, row, now)


# --- of this boot -------------------------------------------------------------------------------------------------


def _date_exactly(transaction: Transaction, book: Book, row: MealRow, now: Moment) -> None:
    utc_ns = now.utc_ns - (now.monotonic_ns - row.monotonic_ns)
    when = local(utc_ns, book.calendar)
    row = msgspec.structs.replace(row, day=when.day, utc_ns=utc_ns)
    if not row.pupil:
        meal = nearest(windows(book, None), when.minute)
        meal_rows.date(transaction, msgspec.structs.replace(row, meal=meal), now)
        return
    may = rights(book, row.pupil, when.day, now.utc_ns, row.programme)
    pupil = book.pupil.get(row.pupil)
    mine = [one for one in windows(book, pupil.shift if pupil else None) if one.meal in may]
    fresh = [one for one in mine if not meal_rows.stands(transaction, row.day, one.meal, row.pupil)]
    served = [one for one in fresh if is_open(one, when.minute)] or mine
    _settle(transaction, row, may[nearest(served, when.minute)] if served else _as_given(row), now)


def _as_given(row: MealRow) -> Right | None:
    """What was known when the meal was given; None if it does not hold on that day."""
    if not row.first <= row.day <= row.last:
        return None
    return Right(row.meal, row.programme, row.tenge, row.first, row.last)


def _settle(transaction: Transaction, row: MealRow, right: Right | None, now: Moment) -> None:
    """A meal whose day is known: counted as the right says, if that has not been used on this day."""
    if right is None:
        meal_rows.date(transaction, row, now, reason=Reason.NO_ENTITLEMENT.value)
        return
    row = msgspec.structs.replace(row, meal=right.meal)
    if meal_rows.stands(transaction, row.day, row.meal, row.pupil):
        meal_rows.date(transaction, row, now, reason=Reason.ALREADY_EATEN.value)
        twice = Suspicion(rule="meal_twice", day=row.day, reader=row.reader, pupil=row.pupil, other=row.meal)
        transaction.put(draft(twice, now, source=row.reader))
    elif (right.programme, right.tenge) == (row.programme, row.tenge):
        meal_rows.date(transaction, row, now)
    else:
        meal_rows.date(transaction, row, now, reason=OTHER_PRICE)
        meal_rows.grant(transaction, _anew(row, right))


def _anew(row: MealRow, right: Right) -> Given:
    return Given(
        pupil=row.pupil,
        day=row.day,
        meal=right.meal,
        programme=right.programme,
        tenge=right.tenge,
        first=right.first,
        last=right.last,
        reader=row.reader,
        at=Moment(row.utc_ns, row.monotonic_ns, True),
        boot=row.boot,
        marks=["clock"],
    )


# --- of earlier boots ---------------------------------------------------------------------------------------------


def _earlier(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:
    today = local(now.utc_ns, book.calendar).day
    found = transaction.recall(FACT)
    before = certain = msgspec.json.decode(found, type=Certain) if found else Certain()
    if certain.after > today:  # a trusted clock said years ahead for a moment
        certain = msgspec.structs.replace(certain, after=today)
    rows = meal_rows.undated_before(transaction, boot, PIECE)
    ripe = [row for row in rows if row.number <= certain.through] if certain.after < today else []
    for row in ripe:
        _settle_earlier(transaction, book, row, certain, now)
    if not rows:
        certain = Certain(day=today)
    elif rows[0].number > certain.through:
        certain = msgspec.structs.replace(certain, after=today, through=_last_number(transaction))
    if certain != before:
        transaction.remember(FACT, msgspec.json.encode(certain))


def _last_number(transaction: Transaction) -> int:
    return int(transaction.execute("select max(number) from meal").fetchone()[0])


def _settle_earlier(transaction: Transaction, book: Book, row: MealRow, certain: Certain, now: Moment) -> None:
    first = max(certain.day, meal_rows.latest_day(transaction, row.number))
    row = msgspec.structs.replace(row, utc_ns=_noon_ns(book, certain.after))
    one_day = first >= certain.after
    if one_day:
        row = msgspec.structs.replace(row, day=certain.after)
    if not row.pupil:
        meal_rows.date(transaction, row, now)
    elif _is_perhaps_one_without_day(transaction, book, row, first):
        meal_rows.date(transaction, row, now, reason=PERHAPS_TWICE)
    elif one_day:
        right = rights(book, row.pupil, row.day, now.utc_ns, row.programme).get(row.meal) or _as_given(row)
        _settle(transaction, row, right, now)
    elif meal_rows.stands_between(transaction, row.pupil, first, certain.after):
        meal_rows.date(transaction, row, now, reason=PERHAPS_TWICE)
    else:
        meal_rows.date(transaction, row, now)


def _is_perhaps_one_without_day(transaction: Transaction, book: Book, row: MealRow, first: str) -> bool:
    """Whether a meal of this pupil that is counted without a day may be this one."""
    return any(
        (one.boot != row.boot or abs(one.monotonic_ns - row.monotonic_ns) < APART_NS)
        and local(one.utc_ns, book.calendar).day >= first
        for one in meal_rows.without_day(transaction, row.pupil)
    )


def _noon_ns(book: Book, day: str) -> int:
    """Noon of a day at the school."""
    return midnight_ns(day, book.calendar) + NOON_NS
