"""The marks of a decision: what the box did not know."""

from __future__ import annotations

import pytest

from agent.book import Book
from agent.model import Moment
from agent.school.doubts import day_of, is_stale, marks
from tests.agent.school.doorway import DATASETS, utc_ns

BOOK = Book(DATASETS, {"cards": utc_ns("2026-11-20 12:00"), "clubs": utc_ns("2026-11-01 12:00")})


@pytest.mark.parametrize(
    ("now", "trusted", "datasets", "found", "day"),
    [
        ("2026-11-23 12:00", True, ["cards"], [], "2026-11-23"),
        ("2026-11-23 12:00", True, ["cards", "clubs"], ["stale"], "2026-11-23"),
        ("2026-12-29 12:00", True, ["clubs"], ["calendar", "stale"], "2026-12-29"),
        ("2026-12-29 12:00", True, [], ["calendar"], "2026-12-29"),
        ("2026-12-29 12:00", False, ["clubs"], ["clock"], ""),
    ],
)
def test_marks(now: str, trusted: bool, datasets: list[str], found: list[str], day: str) -> None:
    at = Moment(utc_ns(now), 5, trusted)
    assert marks(BOOK, at, *datasets) == found
    assert is_stale(BOOK, at, *datasets) == ("stale" in found)
    assert day_of(BOOK, at) == day
    assert marks(Book({}), at) == (["calendar"] if trusted else ["clock"])
