"""Who of a school answers now, by what was published: for the centre, while the box cannot say. Pure.

Hours     are the school's own, from `starts` to the end of the minute `ends`; over midnight they belong to the day on
          which they began.
Unknown   without a calendar every day is a school day; a place that nobody told counts as every place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

import msgspec

from centre.database import Database
from centre.reference import Published
from centre.school.datasets import Calendar, Duty, DutyRoster

POLICE_LAST = frozenset({"fire", "fight", "intrusion"})  # kinds that end with the police, docs/incidents.md
S = TypeVar("S", bound=msgspec.Struct)
Addressee = tuple[str, str]  # role, and the person's key; empty for the city and the police


def chain(
    roster: DutyRoster | None, calendar: Calendar | None, kind: str, place: str, at: datetime
) -> list[list[Addressee]]:
    """The groups in the order in which they are told; the city is the last one, or the police."""
    ranks: dict[int, list[str]] = {}
    seen: set[str] = set()
    for duty in sorted(roster.duties if roster else [], key=lambda one: one.rank):
        if duty.staff not in seen and is_of(duty, kind, place) and is_now(duty, calendar, at):
            seen.add(duty.staff)
            ranks.setdefault(duty.rank, []).append(duty.staff)
    groups: list[list[Addressee]] = [
        [("deputy" if nth else "duty", staff) for staff in persons]
        for nth, (_, persons) in enumerate(sorted(ranks.items()))
    ]
    if roster and roster.head and roster.head not in seen:
        groups.append([("head", roster.head)])
    groups.append([("city", "")])
    if kind in POLICE_LAST:
        groups.append([("police", "")])
    return groups


def is_of(duty: Duty, kind: str, place: str) -> bool:
    zone = "-".join(unicodedata.normalize("NFC", place).lower().split())
    return (not duty.kinds or kind in duty.kinds) and (not duty.zones or not zone or zone in duty.zones)


def is_now(duty: Duty, calendar: Calendar | None, at: datetime) -> bool:
    time, day = f"{at:%H:%M}", at.date()
    if duty.starts <= duty.ends:
        return duty.starts <= time <= duty.ends and _is_on(duty, calendar, day)
    if time >= duty.starts:
        return _is_on(duty, calendar, day)
    return time <= duty.ends and _is_on(duty, calendar, day - timedelta(days=1))


def _is_on(duty: Duty, calendar: Calendar | None, day: date) -> bool:
    """Whether a duty is held on a day."""
    if duty.weekdays and day.isoweekday() not in duty.weekdays:
        return False
    return duty.free_days or calendar is None or is_school_day(calendar, day)


def is_school_day(calendar: Calendar, day: date) -> bool:
    text = day.isoformat()
    if text in calendar.workdays:
        return True
    if not calendar.first <= text <= calendar.last or any(one.first <= text <= one.last for one in calendar.holidays):
        return False
    return day.isoweekday() in calendar.weekdays


def published(database: Database, school: str) -> tuple[DutyRoster | None, Calendar | None]:
    """What the school's box goes by; None for what was never published, or cannot be read."""
    found = Published(database)
    _, duty = found.newest(school, "duty")
    _, calendar = found.newest(school, "calendar")
    return _read(duty, DutyRoster), _read(calendar, Calendar)


def _read(content: bytes, type_: type[S]) -> S | None:
    try:
        return msgspec.json.decode(content, type=type_) if content else None
    except msgspec.MsgspecError:
        return None  # published by hand


def persons(groups: Sequence[Sequence[Addressee]], step: int) -> list[Addressee]:
    """Who is told at a step: one group after the other, and always the city."""
    group = list(groups[min(step, len(groups) - 1)])
    return group if ("city", "") in group else [*group, ("city", "")]
