"""Patterns around meals that somebody should look at: reported, never punished.

too_fast                two pupils' cards at one reader sooner than a queue can walk
meal_without_presence   others have passed the entrance today, this pupil has not
class_ate_more          more of a class have eaten than have come to school
"""

from __future__ import annotations

from collections import Counter

from agent.book import Book, Holder
from agent.events import draft
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school import two_places
from agent.school.calendar import is_school_day, local, minute_of
from agent.school.tapped import Tapped
from agent.school_events import Suspicion

QUEUE_NS = 700_000_000  # a queue walks slower
LATEST = 8  # meals among which the reader's latest is looked for: no school has as many readers in one canteen


def look(transaction: Transaction, tap: Tapped, pupil: Holder, day: str) -> None:
    """Before a pupil's meal is given."""
    rules = []
    if _is_too_fast(transaction, tap, pupil.key):
        rules.append("too_fast")
    if day and _is_absent(transaction, pupil.key, day):
        rules.append("meal_without_presence")
    for rule in rules:
        found = Suspicion(rule=rule, day=day, reader=tap.reader, pupil=pupil.key, class_=pupil.class_)
        transaction.put(draft(found, tap.at, source=tap.reader))
    two_places.look(transaction, tap, pupil.key, day)


def tick(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:  # noqa: ARG001 - as every tick
    """At the end of each meal: which classes have eaten more than have come."""
    if not now.synced or book.meals is None:
        return
    when = local(now.utc_ns, book.calendar)
    if not is_school_day(book.calendar, when.day):
        return
    for meal, ends in _ends(book).items():
        if when.minute >= ends and transaction.recall(_checked(meal)) != when.day.encode():
            transaction.remember(_checked(meal), when.day.encode())
            _count(transaction, book, now, when.day, meal)


def _is_too_fast(transaction: Transaction, tap: Tapped, pupil: str) -> bool:
    sql = "select pupil, boot, monotonic_ns, reader from meal order by number desc limit ?"
    for other, boot, monotonic_ns, reader in transaction.execute(sql, (LATEST,)):
        if reader == tap.reader:
            near = boot == tap.boot and abs(tap.at.monotonic_ns - monotonic_ns) < QUEUE_NS
            return near and other not in ("", pupil)
    return False


def _is_absent(transaction: Transaction, pupil: str, day: str) -> bool:
    """Whether the entrance is in use today, and this pupil has not been seen there; an unknown day may be today."""
    sql = "select day from passage where pupil = ? order by number desc limit 1"
    latest = transaction.execute(sql, (pupil,)).fetchone()
    if latest is not None and latest[0] in ("", day):
        return False
    return transaction.execute("select 1 from passage where day = ? limit 1", (day,)).fetchone() is not None


def _ends(book: Book) -> dict[str, int]:
    """The minute at which each meal is over for all shifts."""
    found: dict[str, int] = {}
    for one in book.meals.meals if book.meals else []:
        found[one.meal] = max(found.get(one.meal, 0), minute_of(one.ends))
    return found


def _count(transaction: Transaction, book: Book, now: Moment, day: str, meal: str) -> None:
    came = {str(pupil) for (pupil,) in transaction.execute("select distinct pupil from passage where day = ?", (day,))}
    if not came:
        return  # the entrance has no reader, or it is not used
    sql = "select pupil from meal where day = ? and meal = ? and state = 0 and day <> '' and pupil <> ''"
    ate = Counter(_class_of(book, pupil) for (pupil,) in transaction.execute(sql, (day, meal)))
    present = Counter(_class_of(book, pupil) for pupil in came)
    for class_, count in sorted(ate.items()):
        if class_ and count > present[class_]:
            found = Suspicion(
                rule="class_ate_more", day=day, other=meal, class_=class_, count=count, expected=present[class_]
            )
            transaction.put(draft(found, now, source=f"class/{class_}"))


def _class_of(book: Book, pupil: str) -> str:
    holder = book.pupil.get(pupil)
    return holder.class_ if holder else ""


def _checked(meal: str) -> str:
    return f"meals/checked/{meal}"
