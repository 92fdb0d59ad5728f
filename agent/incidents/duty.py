"""Who is told: the chain of those on duty, their deputies, the head, the city, the police. Pure.

Hours      of a duty are the school's own, from `starts` to the end of the minute `ends`; over midnight they belong to
           the day on which they began.
Unknown    without a trusted clock everybody of the kind and place is on duty, whatever the hour; a place that nobody
           told counts as every place.
Changed    the chain is made anew at each step, by the roster and the hour of that moment: whoever was told already is
           passed over, so that a change of shift skips nobody and tells nobody twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from agent.book import Book
from agent.datasets import Duty
from agent.incident_events import Addressee
from agent.incidents.kinds import MANNERS, Kind, Manner, Role
from agent.model import Moment
from agent.school.calendar import LocalTime, is_school_day, local, minute_of

TELL_MAX = 64  # at one time, by the contract
Group = tuple[Addressee, ...]


def manner_of(kind: Kind, book: Book) -> Manner:
    """How a kind is dealt with here: the roster may give other times."""
    manner = MANNERS[kind]
    for one in book.duty.deadlines if book.duty else []:
        if one.kind == kind.value:
            return msgspec.structs.replace(manner, answer_s=one.answer_s, decide_s=one.decide_s)
    return manner


def chain(kind: Kind, place: str, book: Book, now: Moment) -> tuple[Group, ...]:
    """The groups in the order in which they are told; never empty, its last one is the city or the police."""
    groups = _on_duty(kind, place, book, now)
    known = {one.staff for group in groups for one in group}
    head = book.duty.head if book.duty else ""
    if head and head not in known:
        groups.append((Addressee(role=Role.HEAD, staff=head),))
    groups.append((Addressee(role=Role.CITY),))
    if MANNERS[kind].last is Role.POLICE:
        groups.append((Addressee(role=Role.POLICE),))
    return tuple(groups)


def first(groups: Sequence[Group], besides: Iterable[Role]) -> Group:
    """Whom the first telling goes to; where nobody is on duty the city knows at once."""
    found = list(groups[0])
    nobody = all(one.role != Role.DUTY for one in found)
    also = [*([Role.CITY] if nobody else []), *besides]
    return united(found, [Addressee(role=role) for role in dict.fromkeys(also)])


def following(groups: Sequence[Group], told: Iterable[Addressee]) -> Group:
    """The first group with somebody who was not told yet, less those who were; empty if everybody was."""
    known = {key(one) for one in told}
    for group in groups:
        fresh = tuple(one for one in group if key(one) not in known)
        if fresh:
            return fresh[:TELL_MAX]
    return ()


def united(*groups: Iterable[Addressee]) -> Group:
    """All of them once, in order; city and police are never cut off."""
    found: dict[str, Addressee] = {}
    for group in groups:
        for one in group:
            found.setdefault(key(one), one)
    outside = [one for one in found.values() if not one.staff]
    persons = [one for one in found.values() if one.staff]
    return (*persons[: TELL_MAX - len(outside)], *outside)


def key(one: Addressee) -> str:
    """A person is one whatever they are told as."""
    return one.staff or one.role


def _on_duty(kind: Kind, place: str, book: Book, now: Moment) -> list[Group]:
    """By rank; the lowest are on duty, the others deputies. A person of two ranks is of the lower one."""
    at = local(now.utc_ns, book.calendar) if now.synced else None
    ranks: dict[int, list[str]] = {}
    seen: set[str] = set()
    for duty in sorted(book.duty.duties if book.duty else [], key=lambda one: one.rank):
        if duty.staff not in seen and _is_of(duty, kind, place) and (at is None or _is_now(duty, at, book)):
            seen.add(duty.staff)
            ranks.setdefault(duty.rank, []).append(duty.staff)
    return [
        tuple(Addressee(role=Role.DEPUTY if nth else Role.DUTY, staff=staff) for staff in persons)
        for nth, (_, persons) in enumerate(sorted(ranks.items()))
    ]


def _is_of(duty: Duty, kind: Kind, place: str) -> bool:
    zone = place.replace(" ", "-")
    return (not duty.kinds or kind.value in duty.kinds) and (not duty.zones or not zone or zone in duty.zones)


def _is_now(duty: Duty, at: LocalTime, book: Book) -> bool:
    first, last = minute_of(duty.starts), minute_of(duty.ends)
    if first <= last:
        return first <= at.minute <= last and _is_on(duty, at.day, at.weekday, book)
    if at.minute >= first:
        return _is_on(duty, at.day, at.weekday, book)
    began = date.fromisoformat(at.day) - timedelta(days=1)
    return at.minute <= last and _is_on(duty, began.isoformat(), began.isoweekday(), book)


def _is_on(duty: Duty, day: str, weekday: int, book: Book) -> bool:
    """Whether a duty is held on a day of the school."""
    if duty.weekdays and weekday not in duty.weekdays:
        return False
    return duty.free_days or is_school_day(book.calendar, day)
