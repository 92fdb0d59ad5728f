"""Who is present at each bell, by class: told once a bell, at the first look after it.

A bell that rang while the box was off or its clock was not trusted is told late, on the same day, from what was known
before it: the event's own time shows it. A bell before which nobody has passed today is not told: that is a school
without an entrance reader, or a reader that is broken, and no class is absent because of that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from agent.book import Book
from agent.datasets import Calendar, Shift
from agent.events import draft
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school import forgetting
from agent.school import passage_rows as rows
from agent.school.attendance import Bell, Hours, Presence, Standing, bells_of, hours_of, pass_by, presence
from agent.school.calendar import LocalTime, local, midnight_ns
from agent.school.doubts import marks
from agent.school.purpose import Way
from agent.school.since import stamp
from agent.school_events import AttendanceSummary

MINUTE_NS = 60_000_000_000
NOBODY = Standing()
LATE = "late"
Move = tuple[str, Way, int]  # pupil, way, minute of the day


def tell(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:
    """The tick."""
    if not now.synced:
        return
    if not rows.date(transaction, stamp(now, boot), book.calendar):
        return  # the rest at the next look; until then nothing is old by its time
    forgetting.passages(transaction, now, boot)
    here = local(now.utc_ns, book.calendar)
    due = list(_due(transaction, book.calendar, here))
    if not due or book.calendar is None or book.cards is None:
        return
    begin_ns = midnight_ns(here.day, book.calendar)
    passed = [(who, way, (ns - begin_ns) // MINUTE_NS) for who, way, ns in rows.of_day(transaction, here.day)]
    doubts = marks(book, now, "cards", "calendar")
    for shift, hours, bells in due:
        for summary in _summaries(book, shift.shift, hours, bells, passed, here.day, doubts):
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
    book: Book, shift: int, hours: Hours, bells: Sequence[Bell], passed: Sequence[Move], day: str, doubts: list[str]
) -> Iterator[AttendanceSummary]:
    """Of each class at each bell before which somebody has passed."""
    own = [move for move in passed if (holder := book.pupil.get(move[0])) and holder.shift == shift]
    standings: dict[str, Standing] = {}
    begun = 0
    for bell in bells:
        if not passed or passed[0][2] >= bell.minute:
            continue
        while begun < len(own) and own[begun][2] < bell.minute:
            pupil, way, minute = own[begun]
            standings[pupil], _ = pass_by(standings.get(pupil, NOBODY), way, minute, hours)
            begun += 1
        counts = _counts(book, standings)
        for name, enrolled in book.enrolled.get(shift, {}).items():
            yield _summary(name, enrolled, counts[name], shift, bell, day, doubts)


def _counts(book: Book, standings: Mapping[str, Standing]) -> Mapping[str, Counter[str]]:
    """By class, of those who have passed: what they are, and how many of them came late."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pupil, standing in standings.items():
        what, count = presence(standing), found[book.pupil[pupil].class_]
        count[what] += 1
        if standing.late and what is not Presence.ABSENT:
            count[LATE] += 1
    return found


def _summary(
    name: str, enrolled: int, count: Counter[str], shift: int, bell: Bell, day: str, doubts: list[str]
) -> AttendanceSummary:
    present, left_early = count[Presence.PRESENT], count[Presence.LEFT_EARLY]
    return AttendanceSummary(
        day=day,
        class_=name,
        shift=shift,
        lesson=bell.lesson,
        bell=bell.text,
        enrolled=enrolled,
        present=present,
        late=count[LATE],
        left_early=left_early,
        absent=enrolled - present - left_early,
        marks=doubts,
    )
