"""Who is present at each bell, by class: told once a bell, at the first look after it.

A bell that rang while the box was off or its clock was not trusted is told late, on the same day, from what was known
before it: the event's own time shows it. A bell before which nobody has passed today is not told: that is a school
without an entrance reader, or a reader that is broken, and no class is absent because of that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from agent.book import Book
from agent.datasets import Calendar, Cards, Shift
from agent.events import draft
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school import passage_rows as rows
from agent.school.attendance import Bell, Hours, Presence, Standing, bells_of, hours_of, pass_by, presence
from agent.school.calendar import LocalTime, local, midnight_ns
from agent.school.doubts import marks
from agent.school.purpose import Way
from agent.school.since import stamp
from agent.school_events import AttendanceSummary

MINUTE_NS = 60_000_000_000
NOBODY = Standing()
Move = tuple[str, Way, int]  # pupil, way, minute of the day


def tell(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:
    """The tick."""
    if not now.synced:
        return
    if not rows.date(transaction, stamp(now, boot), book.calendar):
        return  # the rest at the next look; until then nothing is old by its time
    rows.forget(transaction, now.utc_ns)
    here = local(now.utc_ns, book.calendar)
    due = list(_due(transaction, book.calendar, here))
    if not due or book.calendar is None or book.cards is None:
        return
    begin_ns = midnight_ns(here.day, book.calendar)
    passed = [(who, way, (ns - begin_ns) // MINUTE_NS) for who, way, ns in rows.of_day(transaction, here.day)]
    doubts = marks(book, stamp(now, boot), "cards", "calendar")
    for shift, hours, bells in due:
        for summary in _summaries(book.cards, shift, hours, bells, passed, here.day, doubts):
            transaction.put(draft(summary, now))
        transaction.remember(_key(shift), f"{here.day} {bells[-1].text}".encode())


def _due(
    transaction: Transaction, calendar: Calendar | None, here: LocalTime
) -> Iterator[tuple[Shift, Hours, list[Bell]]]:
    """The bells of today that have rung and are not told yet, by shift."""
    for shift in calendar.shifts if calendar else ():
        hours = hours_of(calendar, here.day, shift.shift)
        day, _, last = (transaction.recall(_key(shift)) or b"").decode().partition(" ")
        told = last if day == here.day else ""  # a day in the future was a wrong clock's
        bells = [one for one in bells_of(shift) if one.minute <= here.minute and one.text > told]
        if hours and bells:
            yield shift, hours, bells


def _key(shift: Shift) -> str:
    return f"bell/{shift.shift}"


def _summaries(
    cards: Cards, shift: Shift, hours: Hours, bells: Sequence[Bell], passed: Sequence[Move], day: str, doubts: list[str]
) -> Iterator[AttendanceSummary]:
    """Of each class at each bell before which somebody has passed."""
    classes = _classes(cards, shift.shift)
    standings: dict[str, Standing] = {}
    begun = 0
    for bell in bells:
        while begun < len(passed) and passed[begun][2] < bell.minute:
            pupil, way, minute = passed[begun]
            standings[pupil], _ = pass_by(standings.get(pupil, NOBODY), way, minute, hours)
            begun += 1
        for name, pupils in classes.items() if standings else ():
            yield _summary(name, pupils, standings, shift.shift, bell, day, doubts)


def _classes(cards: Cards, shift: int) -> dict[str, list[str]]:
    """The pupils of each class of a shift; a class that is not listed is of the first, as in the book."""
    shifts = {one.name: one.shift for one in cards.classes}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for pupil in cards.pupils:
        if shifts.get(pupil.class_, 1) == shift:
            found[pupil.class_].append(pupil.pupil)
    return dict(sorted(found.items()))


def _summary(
    name: str,
    pupils: Sequence[str],
    standings: Mapping[str, Standing],
    shift: int,
    bell: Bell,
    day: str,
    doubts: list[str],
) -> AttendanceSummary:
    all_ = [standings.get(pupil, NOBODY) for pupil in pupils]
    count = Counter(presence(one) for one in all_)
    return AttendanceSummary(
        day=day,
        class_=name,
        shift=shift,
        lesson=bell.lesson,
        bell=bell.text,
        enrolled=len(pupils),
        present=count[Presence.PRESENT],
        late=sum(one.late for one in all_ if presence(one) is not Presence.ABSENT),
        left_early=count[Presence.LEFT_EARLY],
        absent=count[Presence.ABSENT],
        marks=doubts,
    )
