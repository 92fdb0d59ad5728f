"""The school's own day: by the offset of the calendar that was published for it, else Kazakhstan's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from centre.database import Database
from centre.reference import Published

OFFSET_MIN = 300
S_NS = 1_000_000_000


class _Calendar(msgspec.Struct):
    utc_offset_min: int


def offset_min(database: Database, school: str) -> int:
    """Minutes that the school's clocks are ahead of UTC."""
    _, content = Published(database).newest(school, "calendar")
    try:
        return msgspec.json.decode(content, type=_Calendar).utc_offset_min
    except msgspec.MsgspecError:
        return OFFSET_MIN  # none was published, or not by our own commands


def day_at(database: Database, school: str, utc_ns: int) -> str:
    """The day at a moment, as 2026-11-26."""
    return local(utc_ns, offset_min(database, school)).date().isoformat()


def day_begins_ns(utc_ns: int, offset: int, days_before: int = 0) -> int:
    """When that moment's day began, or one so many days before."""
    here = local(utc_ns, offset)
    midnight = here.replace(hour=0, minute=0, second=0) - timedelta(days=days_before, minutes=offset)
    return int(midnight.timestamp()) * S_NS


def local(utc_ns: int, offset: int) -> datetime:
    return datetime.fromtimestamp(utc_ns // S_NS, UTC) + timedelta(minutes=offset)
