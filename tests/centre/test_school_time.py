"""The school's day, by its calendar and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from centre.database import SqliteDatabase
from centre.reference import Published
from centre.school_time import day_at, day_begins_ns, offset_min

NS = 1_000_000_000
EVENING_NS = 1_795_460_400 * NS  # 2026-11-23T19:00:00Z: the next day by the school's clock


@pytest.mark.parametrize(
    ("content", "offset", "day"),
    [
        (None, 300, "2026-11-24"),
        (b'{"utc_offset_min":240}', 240, "2026-11-23"),
        (b"age-encryption.org/v1", 300, "2026-11-24"),
    ],
)
def test_the_day(tmp_path: Path, content: bytes | None, offset: int, day: str) -> None:
    database = SqliteDatabase(tmp_path / "centre.db")
    if content:
        Published(database).note("school-07", "calendar", 1, content)
    assert offset_min(database, "school-07") == offset
    assert day_at(database, "school-07", EVENING_NS) == day
    database.close()


@pytest.mark.parametrize(("back", "expected_s"), [(0, 1_795_460_400), (1, 1_795_460_400 - 86_400)])
def test_when_a_day_begins(back: int, expected_s: int) -> None:
    """At 19:00 UTC by Kazakhstan's clock."""
    assert day_begins_ns(EVENING_NS + 3_600 * NS, 300, back) == expected_s * NS
