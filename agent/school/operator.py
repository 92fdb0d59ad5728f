"""What an operator does with a card of their own: take a meal back, give one for a forgotten card.

Each is a new record; nothing that was recorded is changed. Which taps mean it: agent/school/gesture.py.
"""

from __future__ import annotations

import msgspec

from agent.book import Book, Holder
from agent.outbox.group import Transaction
from agent.school import meal_rows
from agent.school.calendar import local
from agent.school.doubts import day_of, marks
from agent.school.meal_rows import Given, MealRow
from agent.school.meals import AGAIN_NS, DATASETS, Decision, Reason, served_now
from agent.school.refusal import refuse
from agent.school.rights import nearest, rights, windows
from agent.school.tapped import Tapped
from drivers.readings import Light


def take_back(transaction: Transaction, book: Book, tap: Tapped, pupil: Holder, operator: str) -> Light:
    """Reverse the pupil's meal of now, or else the latest of the last two hours."""
    row = _to_reverse(book, tap, pupil, meal_rows.standing(transaction, pupil.key))
    if row is None:
        noted = marks(book, tap.at, *DATASETS)
        nothing = Decision(day=day_of(book, tap.at), reason=Reason.NOTHING_TO_REVERSE, marks=noted)
        return refuse(transaction, tap, nothing, pupil=pupil.key)
    meal_rows.take_back(transaction, row, at=tap.at, reader=tap.reader, operator=operator)
    return Light.ACCEPTED


def forgotten_card(transaction: Transaction, book: Book, tap: Tapped, operator: str) -> Light:
    """A meal for a child without a card; whose it was is found out afterwards, at the centre."""
    decision = _forgotten(book, tap)
    if decision.reason is not None:
        return refuse(transaction, tap, decision)
    given = Given(
        pupil="",
        day=decision.day,
        meal=decision.meal,
        reader=tap.reader,
        at=tap.at,
        boot=tap.boot,
        operator=operator,
        marks=decision.marks,
    )
    meal_rows.grant(transaction, given)
    return Light.ACCEPTED


def _to_reverse(book: Book, tap: Tapped, pupil: Holder, standing: list[MealRow]) -> MealRow | None:
    if tap.at.synced:
        when = local(tap.at.utc_ns, book.calendar)
        served = served_now(book, when.day, when.minute, pupil.shift)
        for row in standing:
            if row.day == when.day and row.meal in served:
                return row if row.leaf else _priced(book, tap, row)
    for row in standing:
        elapsed_ns = row.elapsed_ns(tap.at, tap.boot)
        if elapsed_ns is not None and abs(elapsed_ns) <= AGAIN_NS:
            return row
    return None


def _priced(book: Book, tap: Tapped, row: MealRow) -> MealRow:
    """A meal that another box gave, at the price that it must have had."""
    right = rights(book, row.pupil, row.day, tap.at.utc_ns).get(row.meal)
    if right is None:
        return row
    return msgspec.structs.replace(row, programme=right.programme, tenge=right.tenge)


def _forgotten(book: Book, tap: Tapped) -> Decision:
    when = local(tap.at.utc_ns, book.calendar)
    day, noted = day_of(book, tap.at), marks(book, tap.at, *DATASETS)
    if book.meals is None:
        return Decision(day=day, reason=Reason.NO_DATA, marks=noted)
    if not tap.at.synced:
        return Decision(meal=nearest(windows(book, None), when.minute), marks=noted)
    served = served_now(book, when.day, when.minute, None)
    if not served:
        return Decision(day=day, reason=Reason.NOT_SERVING, marks=noted)
    return Decision(day=day, meal=served[0], marks=noted)
