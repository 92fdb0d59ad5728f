"""The school's own time: by its calendar's offset from UTC, which puts any hour of the school's day on this moment.

So the rush is at ten past six in the evening on the school's wall whenever it is run, and the day ends when the centre
publishes the calendar again, two hours further on. Pure.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

RUSH_MIN = 18 * 60 + 10
DAY_END_MIN = 20 * 60 + 1  # a minute after the rules' own: docs/rules.md
OFFSET_MOST = 840  # minutes; a calendar allows from -720 on
DAY_MIN = 1_440


def rush_offset(utc: datetime) -> int:
    """Minutes from UTC with which it is RUSH_MIN now, and with which the day's end can be reached, too."""
    offset = RUSH_MIN - (utc.hour * 60 + utc.minute)
    return offset if day_end_offset(offset) <= OFFSET_MOST else offset - DAY_MIN


def day_end_offset(offset: int) -> int:
    """The offset with which a rush has become the day's end; the day is the same."""
    return offset + DAY_END_MIN - RUSH_MIN


def local_day(utc: datetime, offset: int) -> date:
    return (utc + timedelta(minutes=offset)).date()


def now() -> datetime:
    return datetime.now(UTC)
