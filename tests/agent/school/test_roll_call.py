"""Presence at each bell: told once, by class, from what was known before it."""

from __future__ import annotations

import msgspec
import pytest

from agent.book import Book
from agent.datasets import Bell, Shift
from agent.school import passage_rows
from tests.agent.school.doorway import ASEL, CALENDAR, DANA, DATASETS, ERLAN, MONDAY, Doorway, card, utc_ns


def summaries(door: Doorway) -> list[tuple[str, int, int, int, int, int, int]]:
    """Bell, lesson, enrolled, present, late, left early, absent: of 5А."""
    return [
        (one["bell"], one["lesson"], *(one[name] for name in ("enrolled", "present", "late", "left_early", "absent")))
        for one in door.events("attendance.summary")
        if one["class"] == "5А"
    ]


def test_a_class_at_each_bell() -> None:
    door = Doorway(now=f"{MONDAY} 07:50")
    door.door(card(ASEL))
    door.tick()
    assert summaries(door) == []
    door.at("08:00")
    door.tick()
    door.tick()
    assert summaries(door) == [("08:00", 1, 2, 1, 0, 0, 1)]
    door.at("08:10")
    door.door(card(DANA))
    door.at("08:54")
    door.door(card(ASEL))
    door.at("08:55:20")
    door.tick()
    door.at("10:00")
    door.tick()
    door.at("10:20")
    door.door(card(ASEL))
    door.at("10:46")
    door.tick()
    assert summaries(door) == [
        ("08:00", 1, 2, 1, 0, 0, 1),
        ("08:55", 2, 2, 1, 1, 1, 0),
        ("10:00", 3, 2, 1, 1, 1, 0),
        ("10:45", 0, 2, 2, 1, 0, 0),
    ]
    assert door.last("class", "shift", "day", "marks") == ("attendance.summary", "5А", 1, MONDAY, [])


def test_each_shift_has_its_own_bells() -> None:
    door = Doorway(now=f"{MONDAY} 13:00")
    door.door(card(ERLAN))
    door.at("13:30")
    door.tick()
    assert door.last("class", "shift", "bell", "lesson", "enrolled", "present") == (
        "attendance.summary", "7Б", 2, "13:30", 1, 1, 1,
    )  # fmt: skip


def test_bells_that_rang_while_the_box_was_off_are_told_late_as_they_were() -> None:
    door = Doorway(now=f"{MONDAY} 07:50")
    door.door(card(ASEL))
    door.restart(away_min=100)
    door.door(card(DANA))
    door.tick()
    assert summaries(door) == [("08:00", 1, 2, 1, 0, 0, 1), ("08:55", 2, 2, 1, 0, 0, 1)]
    door.at("2026-11-24 12:00")
    door.tick()
    assert len(summaries(door)) == 2  # yesterday's are not told, and today nobody has come


def test_a_bell_before_which_nobody_has_passed_is_not_told() -> None:
    door = Doorway(now=f"{MONDAY} 09:00")
    door.tick()
    door.door(card(ASEL))
    door.at("10:00")
    door.tick()
    assert summaries(door) == [("10:00", 3, 2, 1, 1, 0, 1)]


def test_nothing_is_told_on_a_free_day_without_data_or_without_a_clock() -> None:
    sunday = Doorway(now="2026-11-22 07:50")
    sunday.door(card(ASEL))
    sunday.at("2026-11-22 09:00")
    sunday.tick()
    lost = Doorway(now=f"{MONDAY} 07:50")
    lost.synced = False
    lost.door(card(ASEL))
    lost.at("08:30")
    lost.tick()
    unknowing = Doorway({"cards": DATASETS["cards"]}, now=f"{MONDAY} 07:50")
    unknowing.door(card(ASEL))
    unknowing.at("08:30")
    unknowing.tick()
    empty = Doorway({}, now=f"{MONDAY} 08:30")
    empty.tick()
    assert [summaries(door) for door in (sunday, lost, unknowing, empty)] == [[], [], [], []]


def test_when_the_clock_is_trusted_the_bells_of_the_day_are_told() -> None:
    """Two came while it was not; whoever came in an earlier boot is not late by it."""
    door = Doorway(now=f"{MONDAY} 07:40")
    door.door(card(ERLAN))
    door.restart(synced=False)
    door.now_ns = utc_ns("2024-01-01 03:00")
    door.wait(20)
    door.door(card(ASEL))
    door.restart(synced=False)
    door.wait(10)
    door.door(card(DANA))
    door.wait(10)
    door.now_ns, door.synced = utc_ns(f"{MONDAY} 09:00"), True
    door.tick()
    assert summaries(door) == [("08:00", 1, 2, 1, 0, 0, 1), ("08:55", 2, 2, 2, 1, 0, 0)]


def test_old_data_are_marked() -> None:
    door = Doorway(now="2027-01-04 07:50")
    door.book = Book(DATASETS, {"cards": utc_ns("2026-12-01 12:00")})
    door.door(card(ASEL))
    door.at("2027-01-04 08:00")
    door.tick()
    assert door.last("marks") == ("attendance.summary", ["calendar", "stale"])


def test_a_clock_that_said_years_ahead_costs_no_bell() -> None:
    door = Doorway(now="2030-11-25 07:50")
    door.door(card(ASEL))
    door.at("2030-11-25 12:00")
    door.tick()
    door.now_ns = utc_ns(f"{MONDAY} 07:50")
    door.door(card(ASEL))
    door.door(card(DANA))
    door.at("09:00")
    door.tick()
    assert [one["bell"] for one in door.events("attendance.summary") if one["day"] == MONDAY] == ["08:00", "08:55"]


def test_passages_are_taken_in_the_order_of_their_times() -> None:
    """Trusted, the clock went two hours ahead for a moment."""
    door = Doorway(now=f"{MONDAY} 09:50")
    door.door(card(DANA))
    door.now_ns = utc_ns(f"{MONDAY} 07:50")
    door.door(card(ASEL))
    door.at("08:00")
    door.tick()
    assert summaries(door) == [("08:00", 1, 2, 1, 0, 0, 1)]


def test_a_lesson_that_ends_before_it_begins_is_told_once() -> None:
    wrong = msgspec.structs.replace(
        CALENDAR, shifts=[Shift(shift=1, bells=[Bell(lesson=1, starts="08:55", ends="08:00")])]
    )
    door = Doorway(DATASETS | {"calendar": wrong}, now=f"{MONDAY} 07:50")
    door.door(card(ASEL))
    door.at("09:00")
    door.tick()
    door.tick()
    assert [one[0] for one in summaries(door)] == ["08:00", "08:55"]


def test_no_bell_is_told_before_all_of_today_are_dated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passage_rows, "DATE_ROWS", 1)
    door = Doorway(now=f"{MONDAY} 07:40")
    door.synced, door.now_ns = False, utc_ns("2024-01-01 03:00")
    door.door(card(ASEL))
    door.door(card(DANA))
    door.wait(10)
    door.synced, door.now_ns = True, utc_ns(f"{MONDAY} 08:05")
    door.tick()
    assert summaries(door) == []
    for _ in range(4):
        door.tick()
    assert summaries(door) == [("08:00", 1, 2, 2, 0, 0, 0)]
