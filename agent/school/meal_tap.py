"""A card at a canteen's reader: from the tap to the light, in the transaction that records it."""

from __future__ import annotations

from agent.book import Book, Holder, HolderKind
from agent.outbox.group import Transaction
from agent.school import gesture, meal_rows, meal_suspicions, operator, undated
from agent.school.calendar import local
from agent.school.doubts import day_of, marks
from agent.school.gesture import Act, Hand
from agent.school.meal_rows import Given
from agent.school.meals import DATASETS, Decision, Reason, Standing, decide, served_now
from agent.school.refusal import refuse
from agent.school.rights import Right
from agent.school.tapped import Tapped
from drivers.readings import Light

WAIT_NS = 2_000_000_000  # later the reader has shown wait
LONGEST_WAIT_NS = 3_600 * 1_000_000_000


def tapped(transaction: Transaction, book: Book, tap: Tapped) -> Light:
    """The rule of readers whose purpose is `meals`."""
    holder = book.who(tap.card)
    before = gesture.recall(transaction, tap.reader)
    hand, act = gesture.step(before, tap, holder)
    light = _act(transaction, book, tap, holder, hand, act)
    gesture.remember(transaction, tap.reader, before, hand, light)
    return light


def _act(transaction: Transaction, book: Book, tap: Tapped, holder: Holder | None, hand: Hand, act: Act) -> Light:
    if act is Act.READY:
        return Light.READY
    if act is Act.SAME:
        return hand.light
    if act is Act.FORGOTTEN:
        return operator.forgotten_card(transaction, book, tap, hand.operator)
    if holder is None or holder.blocked or holder.kind is not HolderKind.PUPIL:
        return _nobody_served(transaction, book, tap, holder)
    if tap.at.synced:
        undated.date_own(transaction, book, tap.at, tap.boot, holder.key)
    if act is Act.REVERSE:
        return operator.take_back(transaction, book, tap, holder, hand.operator)
    return _serve(transaction, book, tap, holder)


def _nobody_served(transaction: Transaction, book: Book, tap: Tapped, holder: Holder | None) -> Light:
    """A card that is not a pupil's, or no longer."""
    day, noted = day_of(book, tap.at), marks(book, tap.at, *DATASETS)
    if holder is None:
        reason = Reason.UNKNOWN_CARD if book.cards else Reason.NO_DATA
        return refuse(transaction, tap, Decision(day=day, reason=reason, marks=noted), card=tap.card)
    reason = Reason.BLOCKED_CARD if holder.blocked else Reason.NO_ENTITLEMENT
    pupil = holder.key if holder.kind is HolderKind.PUPIL else ""  # of staff a refusal says no more than that
    return refuse(transaction, tap, Decision(day=day, reason=reason, marks=noted), pupil=pupil)


def _serve(transaction: Transaction, book: Book, tap: Tapped, pupil: Holder) -> Light:
    standing = _standing(transaction, book, tap, pupil)
    latest_day = "" if tap.at.synced else meal_rows.latest_day(transaction)
    decision = decide(book, pupil, tap.at, standing, latest_day)
    if decision.reason is not None:
        return refuse(transaction, tap, decision, pupil=pupil.key)
    if decision.right is not None:
        meal_suspicions.look(transaction, tap, pupil, decision.day)  # at the meals before this one
        meal_rows.grant(transaction, _given(tap, pupil, decision, decision.right, _waited_ns(transaction, tap)))
    return Light.ACCEPTED


def _standing(transaction: Transaction, book: Book, tap: Tapped, pupil: Holder) -> list[Standing]:
    """The meals that matter: by the clock the latest, and those that are served now, else all."""
    rows = meal_rows.standing(transaction, pupil.key, 1 if tap.at.synced else meal_rows.STANDING_ROWS)
    found = [Standing(row.day, row.meal, row.elapsed_ns(tap.at, tap.boot), row.boot == tap.boot) for row in rows]
    if not tap.at.synced:
        return found
    when = local(tap.at.utc_ns, book.calendar)
    served = served_now(book, when.day, when.minute, pupil.shift)
    return [*found, *meal_rows.given(transaction, pupil.key, when.day, served, tap.at, tap.boot)]


def _given(tap: Tapped, pupil: Holder, decision: Decision, right: Right, waited_ns: int) -> Given:
    return Given(
        pupil=pupil.key,
        day=decision.day,
        meal=right.meal,
        programme=right.programme,
        tenge=right.tenge,
        first=right.first,
        last=right.last,
        reader=tap.reader,
        at=tap.at,
        boot=tap.boot,
        waited_ns=waited_ns,
        marks=decision.marks,
    )


def _waited_ns(transaction: Transaction, tap: Tapped) -> int:
    """How long after the tap it is recorded; 0 where its light was seen, or the clock was set meanwhile."""
    waited_ns = transaction.recorded_ns - tap.at.utc_ns
    return waited_ns if WAIT_NS <= waited_ns < LONGEST_WAIT_NS else 0
