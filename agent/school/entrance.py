"""A tap at the entrance: the pupil's passages of today, what this one is, its row and its event.

Nothing is recorded of staff: they are let pass, and where they go is not the school's attendance.
Not     what a passage is: attendance.py; who is present at a bell: roll_call.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.book import Book, Holder, HolderKind
from agent.datasets import Calendar
from agent.events import draft
from agent.outbox.group import Transaction
from agent.school import passage_rows as rows
from agent.school import two_places
from agent.school.attendance import Hours, Standing, State, hours_of, next_way, pass_by
from agent.school.calendar import midnight_ns
from agent.school.doubts import day_of, marks
from agent.school.passage_rows import Passage
from agent.school.purpose import Way
from agent.school.since import Stamp, elapsed_ns, is_exact, stamp, true_ns
from agent.school.tapped import Tapped
from agent.school_events import Passed
from drivers.readings import Light

REPEAT_NS = 10_000_000_000  # a second tap within this time is the same passage
MINUTE_NS = 60_000_000_000
LIGHTS = {
    State.UNKNOWN_CARD: Light.UNKNOWN,
    State.BLOCKED_CARD: Light.UNKNOWN,
    State.NO_DATA: Light.REFUSED,
}


def tapped(transaction: Transaction, book: Book, tap: Tapped) -> Light:
    """The rule of readers whose purpose is the entrance."""
    holder = book.who(tap.card)
    refused = _refused(book, holder)
    if refused or holder is None:
        return _refuse(transaction, book, tap, refused or State.UNKNOWN_CARD, holder)
    if holder.kind is HolderKind.STAFF:
        return Light.ACCEPTED
    now = stamp(tap.at, tap.boot)
    day = day_of(book, tap.at)
    before = rows.of_today(transaction, holder.key, day, now, book.calendar)
    if before and _is_same(before[-1], tap.way, now):
        return Light.ACCEPTED
    way = next_way(before[-1].way if before else None) if tap.way is Way.BOTH else tap.way
    state = _state(before, way, day, holder.shift, book.calendar, now)
    two_places.look(transaction, tap, holder.key, day)
    rows.add(transaction, holder.key, way, day=day, reader=tap.reader, at=now)
    event = Passed(
        reader=tap.reader,
        pupil=holder.key,
        day=day,
        way=way.value,
        state=state.value,
        marks=marks(book, tap.at, "cards", "calendar"),
    )
    transaction.put(draft(event, tap.at, source=tap.reader))
    return Light.ACCEPTED


def _refused(book: Book, holder: Holder | None) -> State | None:
    if book.cards is None:
        return State.NO_DATA
    if holder is None:
        return State.UNKNOWN_CARD
    return State.BLOCKED_CARD if holder.blocked else None


def _refuse(transaction: Transaction, book: Book, tap: Tapped, state: State, holder: Holder | None) -> Light:
    event = Passed(
        reader=tap.reader,
        pupil=holder.key if holder else "",
        card="" if holder else tap.card,
        day=day_of(book, tap.at),
        way="" if tap.way is Way.BOTH else tap.way.value,
        state=state.value,
        marks=marks(book, tap.at, "cards"),
    )
    transaction.put(draft(event, tap.at, source=tap.reader))
    return LIGHTS[state]


def _is_same(last: Passage, way: Way, now: Stamp) -> bool:
    """Whether this tap is the last passage once more."""
    if not is_exact(last.at, now) or elapsed_ns(last.at, now) >= REPEAT_NS:
        return False
    return way in (Way.BOTH, last.way)


def _state(before: Sequence[Passage], way: Way, day: str, shift: int, calendar: Calendar | None, now: Stamp) -> State:
    """What this passage is, after those before it. Without a trusted clock nobody is late, nobody leaves early."""
    hours: Hours | None = hours_of(calendar, day, shift) if day else None
    begin_ns = midnight_ns(day, calendar) if day else 0
    standing = Standing()
    for one in before:
        at_ns = true_ns(one.at, now) or begin_ns
        standing, _ = pass_by(standing, one.way, (at_ns - begin_ns) // MINUTE_NS, hours)
    return pass_by(standing, way, (now.utc_ns - begin_ns) // MINUTE_NS, hours)[1]
