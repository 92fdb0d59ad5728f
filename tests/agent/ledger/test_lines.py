"""Each event counts in the line that its words say, and what no statement counts in none."""

from __future__ import annotations

from typing import Any

import pytest

from agent.events import KINDS, LEAVES
from agent.ledger.lines import COUNTS_IN, LINES, Line, line_of, sums

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


def test_every_kind_of_line_is_in_one_sum_or_in_none() -> None:
    assert {line[0] for _, _, line in TABLE} == set(COUNTS_IN)
    assert LINES.keys() - LEAVES == {"kz.mektep.suspicion.v1"}


def test_the_sums_of_a_day() -> None:
    lines = [
        ("granted", 950, 600), ("granted", 1100, 40), ("forgotten", 0, 3), ("reversed", 950, 2), ("dated", 950, 30),
        ("not_counted", 1100, 1), ("visit", 1500, 12), ("visit_not_counted", 0, 4), ("suspicion", 0, 5),
    ]  # fmt: skip
    assert sums(lines) == {
        "meals": 600 + 40 + 3 - 2 - 1,
        "meals_tenge": 950 * 598 + 1100 * 39,
        "visits": 12,
        "visits_tenge": 18_000,
        "suspicions": 5,
    }


def test_nothing_comes_to_nothing() -> None:
    assert set(sums([]).values()) == {0}
