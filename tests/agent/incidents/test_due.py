"""Deadlines: exact within a boot, by trusted UTC over one, and past where nobody can tell."""

from __future__ import annotations

import pytest

from agent.incidents.due import after, is_due, left_s
from agent.school.since import Stamp
from tests.agent.school.doorway import stamp

NOON = "2026-11-23 12:00"
DUE = after(stamp(NOON, up_s=1_000), 60)
CASES = [
    ("in time", stamp("2026-11-23 12:00:59", up_s=1_059), 1.0),
    ("to the second", stamp("2026-11-23 12:01", up_s=1_060), 0.0),
    ("late", stamp("2026-11-23 12:02", up_s=1_120), -60.0),
    ("UTC was set back: the boot's own clock counts", stamp("2020-01-01 00:00", up_s=1_060), 0.0),
    ("UTC was set ahead: the boot's own clock counts", stamp("2030-01-01 00:00", up_s=1_059), 1.0),
    ("another boot, in time", stamp("2026-11-23 12:00:40", boot="b", up_s=5), 20.0),
    ("another boot, late", stamp("2026-11-23 13:01", boot="b", up_s=5), -3_600.0),
    ("another boot, and the clock was wrong when it was set", stamp("2020-01-01 00:00", boot="b", up_s=5), 0.0),
    ("another boot that has no clock", stamp("2020-01-01 00:00", trusted=False, boot="b", up_s=5), 0.0),
]


@pytest.mark.parametrize(("what", "now", "left"), CASES, ids=[what for what, _, _ in CASES])
def test_how_long_is_left(what: str, now: Stamp, left: float) -> None:
    assert left_s(DUE, now) == left
    assert is_due(DUE, now) == (left <= 0)


def test_a_deadline_of_a_boot_without_a_clock_has_passed_in_the_next() -> None:
    due = after(stamp(NOON, trusted=False, boot="a"), 3_600)
    assert is_due(due, stamp(NOON, boot="b"))
