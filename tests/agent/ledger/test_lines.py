"""Each event counts in the line that its words say, and what no statement counts in none."""

from __future__ import annotations

from typing import Any

import pytest

from agent.events import KINDS
from agent.ledger.lines import LINES, Line, line_of

MEAL = {"day": "2026-11-23", "programme": "free", "tenge": 450, "operator": ""}
VISIT = {"day": "2026-11-23", "club": "chess", "tenge": 1_200}

TABLE: list[tuple[str, dict[str, Any], Line]] = [
    ("meal.granted", MEAL, ("granted", "2026-11-23", "free", 450)),
    (
        "meal.granted",
        MEAL | {"operator": "0b" * 8, "programme": "", "tenge": 0},
        ("forgotten", "2026-11-23", "", 0),
    ),
    ("meal.granted", MEAL | {"day": ""}, ("granted", "", "free", 450)),
    ("meal.reversed", MEAL | {"operator": "0b" * 8}, ("reversed", "2026-11-23", "free", 450)),
    ("meal.dated", MEAL | {"counted": True}, ("dated", "2026-11-23", "free", 450)),
    ("meal.dated", MEAL | {"counted": False}, ("not_counted", "2026-11-23", "free", 450)),
    ("club.visit", VISIT | {"counted": True}, ("visit", "2026-11-23", "chess", 1_200)),
    ("club.visit", VISIT | {"counted": False, "tenge": 0}, ("visit_not_counted", "2026-11-23", "chess", 0)),
    ("suspicion", {"day": "", "rule": "too_fast"}, ("suspicion", "", "too_fast", 0)),
]


@pytest.mark.parametrize(("kind", "data", "line"), TABLE)
def test_an_event_counts_in_its_line(kind: str, data: dict[str, Any], line: Line) -> None:
    assert line_of(f"kz.mektep.{kind}.v1", data) == line


def test_the_child_is_not_needed_for_it() -> None:
    """What was erased can still be counted."""
    assert all("pupil" not in data for _, data, _ in TABLE)


def test_only_events_that_there_are_have_lines() -> None:
    assert LINES.keys() <= KINDS.keys()
    assert line_of("kz.mektep.card.seen.v1", {}) is None
