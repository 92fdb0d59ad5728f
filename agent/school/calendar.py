"""The school's own time: its day, its minute, whether it is a school day, and how far the calendar reaches. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import msgspec

from agent.datasets import Calendar

OFFSET_MIN = 300  # of Kazakhstan, until a calendar says another
MINUTE_NS = 60_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
USUAL_WEEKDAYS = frozenset({1, 2, 3, 4, 5})


class LocalTime(msgspec.Struct, frozen=True):
    """A moment as the school's wall shows it."""

    day: str  # 2026-11-26
    weekday: int  # ISO: 1 is Monday
    minute: int  # since midnight

    @property
    def text(self) -> str:
        """HH:MM"""
        return f"{self.minute // 60:02d}:{self.minute % 60:02d}"


def local(utc_ns: int, calendar: Calendar | None) -> LocalTime:
    """The school's day and time of day."""
    offset_min = calendar.utc_offset_min if calendar else OFFSET_MIN
    return _of_minute(utc_ns // MINUTE_NS + offset_min)


@lru_cache(1_024)  # a tick asks the same of each child that came together
def _of_minute(minute: int) -> LocalTime:
    moment = EPOCH + timedelta(minutes=minute)
    return LocalTime(moment.date().isoformat(), moment.isoweekday(), moment.hour * 60 + moment.minute)


def minute_of(time_of_day: str) -> int:
    """Minutes since midnight of HH:MM."""
    return int(time_of_day[:2]) * 60 + int(time_of_day[3:])


def reaches(calendar: Calendar | None, day: str) -> bool:
    """Whether the calendar knows this day; where it does not, decisions are marked `calendar`."""
    return calendar is not None and calendar.first <= day <= calendar.last


def is_school_day(calendar: Calendar | None, day: str) -> bool:
    """By the calendar; where it does not reach, its usual weekdays; without one Monday to Friday."""
    weekday = date.fromisoformat(day).isoweekday()
    if calendar is None:
        return weekday in USUAL_WEEKDAYS
    if not reaches(calendar, day):
        return weekday in calendar.weekdays  # a school of six days eats on Saturdays, also after a month without a line
    if day in calendar.workdays:
        return True
    return weekday in calendar.weekdays and not is_holiday(calendar, day)


def is_holiday(calendar: Calendar | None, day: str) -> bool:
    """Whether the calendar calls it one; a free weekday is none. Where it does not reach, nobody knows of any."""
    if calendar is None or day in calendar.workdays:
        return False
    return any(span.first <= day <= span.last for span in calendar.holidays)


def midnight_ns(day: str, calendar: Calendar | None) -> int:
    """UTC at which the school's day begins."""
    offset = timedelta(minutes=calendar.utc_offset_min if calendar else OFFSET_MIN)
    begin = datetime.combine(date.fromisoformat(day), time(), UTC) - offset
    return int(begin.timestamp()) * 1_000_000_000
