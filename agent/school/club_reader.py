"""A tap at a club's reader: the facts from the tables, the decision of clubs.py, its rows and events.

Leaf    ClubVisit, when a visit ends: by a tap, or by rule at a tick or at the next tap that meets it.
Marks   what the box did not know: when the child came, or how long ago that was (`clock`).
Not     what is decided: clubs.py; how long a visit was and what it counts: visits.py.
"""

from __future__ import annotations

import secrets

from agent.book import Book, Holder, HolderKind
from agent.events import draft
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school import forgetting, two_places
from agent.school import visit_rows as rows
from agent.school.calendar import local
from agent.school.clubs import LIGHTS, Enters, Facts, Reason, Refused, Same, decide
from agent.school.doubts import day_of, is_stale, marks
from agent.school.since import Stamp, is_exact, stamp, true_ns
from agent.school.tapped import Tapped
from agent.school.visits import Ending, Visit, by_rule, by_tap, is_over
from agent.school_events import ClubEntered, ClubRefused, ClubVisit, Suspicion
from drivers.readings import Light

DATASETS = ("cards", "clubs")


def tapped(transaction: Transaction, book: Book, tap: Tapped) -> Light:
    """The rule of readers whose purpose is a club."""
    holder = book.who(tap.card)
    reason = _not_a_pupil(book, holder)
    if reason or holder is None:
        return _refuse(transaction, book, tap, Refused(reason or Reason.UNKNOWN_CARD), holder)
    now = stamp(tap.at, tap.boot)
    latest = rows.latest(transaction, holder.key)
    inside = latest is not None and latest.inside and not _ended(transaction, book, latest.visit, tap.at, now)
    facts = Facts(
        names=tap.clubs,
        room=[book.club[name] for name in tap.clubs if name in book.club],
        vouchers=book.vouchers.get(holder.key, ()),
        latest=latest.visit if latest else None,
        inside=inside,
        left_ns=latest.left_ns if latest and not latest.inside else 0,
        taken={name: _taken(transaction, book, name, tap.at, now) for name in tap.clubs},
        now=now,
        calendar=book.calendar,
        stale=is_stale(book, tap.at, *DATASETS),
    )
    decision = decide(facts)
    if isinstance(decision, Refused):
        return _refuse(transaction, book, tap, decision, holder)
    if not isinstance(decision, Same) and latest and inside:
        _leave(transaction, book, tap, latest.visit, now, elsewhere=isinstance(decision, Enters))
    if isinstance(decision, Enters):
        _enter(transaction, book, tap, holder.key, decision, now)
    return Light.ACCEPTED


def end_overdue(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:
    """The tick: visits end by the timetable, and old ones are forgotten."""
    for visit in rows.inside(transaction):
        _ended(transaction, book, visit, now, stamp(now, boot))
    if now.synced:
        forgetting.visits(transaction, now, boot)


def _not_a_pupil(book: Book, holder: Holder | None) -> Reason | None:
    """Why no club is even looked at. Of staff a refusal says no more than that a card was shown."""
    if book.cards is None or book.clubs is None:
        return Reason.NO_DATA
    if holder is None:
        return Reason.UNKNOWN_CARD
    if holder.blocked:
        return Reason.BLOCKED_CARD
    return Reason.NOT_ENROLLED if holder.kind is HolderKind.STAFF else None


def _refuse(transaction: Transaction, book: Book, tap: Tapped, decision: Refused, holder: Holder | None) -> Light:
    event = ClubRefused(
        reader=tap.reader,
        reason=decision.reason.value,
        pupil=holder.key if holder and holder.kind is HolderKind.PUPIL else "",
        card="" if holder else tap.card,
        club=decision.club,
        day=day_of(book, tap.at),
        marks=marks(book, tap.at, *DATASETS),
    )
    transaction.put(draft(event, tap.at, source=tap.reader))
    return LIGHTS[decision.reason]


def _taken(transaction: Transaction, book: Book, club: str, at: Moment, now: Stamp) -> int:
    """Children inside. Who has been there too long takes nobody's place."""
    count = rows.taken(transaction, club)
    known = book.club.get(club)
    if known is None or count < known.places:
        return count
    return count - sum(_ended(transaction, book, visit, at, now) for visit in rows.inside(transaction, club))


def _enter(transaction: Transaction, book: Book, tap: Tapped, pupil: str, place: Enters, now: Stamp) -> None:
    day = day_of(book, tap.at)
    two_places.look(transaction, tap, pupil, day)
    rows.begin(transaction, pupil, place.club, place.voucher, day=day, reader=tap.reader, at=now)
    event = ClubEntered(
        reader=tap.reader,
        pupil=pupil,
        club=place.club,
        voucher=place.voucher,
        day=day,
        marks=marks(book, tap.at, *DATASETS),
    )
    transaction.put(draft(event, tap.at, source=tap.reader))


def _leave(transaction: Transaction, book: Book, tap: Tapped, visit: Visit, now: Stamp, *, elsewhere: bool) -> None:
    ending = by_tap(visit, book.club.get(visit.club), now, elsewhere=elsewhere)
    _end(transaction, book, visit, ending, tap.at, now, reader=tap.reader)
    if elsewhere:
        day = day_of(book, tap.at)
        event = Suspicion(rule="clubs_overlap", day=day, reader=tap.reader, other=visit.club, pupil=visit.pupil)
        transaction.put(draft(event, tap.at, source=tap.reader))


def _ended(transaction: Transaction, book: Book, visit: Visit, at: Moment, now: Stamp) -> bool:
    """Whether it has lasted too long; then it is ended."""
    over = is_over(visit, book.club.get(visit.club), now, book.calendar)
    if over:
        _end(transaction, book, visit, by_rule(visit, now), at, now, reader=visit.reader)
    return over


def _end(
    transaction: Transaction, book: Book, visit: Visit, ending: Ending, at: Moment, now: Stamp, *, reader: str
) -> None:
    rows.end(transaction, visit.number, rows.BY_TAP if ending.ended == "tap" else rows.BY_RULE, now.utc_ns)
    came_ns = true_ns(visit.came, now)
    event = ClubVisit(
        reader=reader,
        pupil=visit.pupil,
        salt=secrets.token_hex(16),
        club=visit.club,
        voucher=visit.voucher,
        day=visit.day or ("" if came_ns is None else local(came_ns, book.calendar).day),
        minutes=ending.minutes,
        counted=ending.counted,
        ended=ending.ended,
        reason=ending.reason,
        tenge=ending.tenge,
        marks=_marks(book, visit, at, now),
    )
    transaction.put(draft(event, at, source=reader))


def _marks(book: Book, visit: Visit, at: Moment, now: Stamp) -> list[str]:
    """Of the whole visit: the clock is doubted too if the child came without it, or its time is a least one."""
    found = marks(book, at, *DATASETS)
    doubted = not visit.day or not is_exact(visit.came, now)
    return ["clock", *found] if doubted and "clock" not in found else found
