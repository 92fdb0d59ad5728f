"""Cards at the entrance: which passage each tap is, and what nobody records."""

from __future__ import annotations

import pytest

from agent.school.purpose import Way
from drivers.readings import Light
from tests.agent.school.doorway import (
    ASEL,
    DATASETS,
    ERLAN,
    MONDAY,
    TEACHER,
    Doorway,
    blocked,
    card,
    utc_ns,
)


def passed(door: Doorway) -> list[str]:
    return [f"{one['way']} {one['state']}" for one in door.events("attendance.passed")]


def test_a_pupil_s_day_at_a_reader_for_both_ways() -> None:
    door = Doorway(now=f"{MONDAY} 07:50")
    assert door.door(card(ASEL)) is Light.ACCEPTED
    assert door.last("pupil", "way", "state", "day", "reader", "card", "marks") == (
        "attendance.passed", ASEL, "in", "present", MONDAY, "gate", "", [],
    )  # fmt: skip
    for time in ("09:00", "09:20", "10:50"):
        door.at(time)
        door.door(card(ASEL))
    assert passed(door) == ["in present", "out left_early", "in back", "out left"]
    assert door.rows("select way, day, pupil from passage order by number")[-1] == ("out", MONDAY, ASEL)


def test_by_the_hours_of_the_pupil_s_own_shift() -> None:
    door = Doorway(now=f"{MONDAY} 13:35")
    door.door(card(ERLAN))
    door.at("13:40")
    door.door(card(ASEL))
    door.at("13:45")
    door.door(card(ERLAN))
    assert passed(door) == ["in present", "in present", "out left_early"]
    door = Doorway(now=f"{MONDAY} 13:36")
    door.door(card(ERLAN))
    assert passed(door) == ["in late"]


def test_the_next_day_begins_with_coming_in_though_nobody_saw_the_pupil_go() -> None:
    door = Doorway(now=f"{MONDAY} 07:50")
    door.door(card(ASEL))
    door.at("2026-11-24 08:20")
    door.door(card(ASEL))
    assert passed(door) == ["in present", "in late"]


def test_readers_for_one_way() -> None:
    door = Doorway(now=f"{MONDAY} 07:50")
    door.door(card(ASEL), Way.IN)
    door.wait(seconds=5)
    door.door(card(ASEL), Way.OUT, "exit")
    door.wait(seconds=5)
    door.door(card(ASEL), Way.OUT, "exit")
    door.wait(30)
    door.door(card(ASEL), Way.IN)
    assert passed(door) == ["in present", "out left", "in late"]


@pytest.mark.parametrize(("way", "seconds", "told"), [
    (Way.BOTH, 9, ["in present"]),
    (Way.BOTH, 10, ["in present", "out left"]),
    (Way.IN, 9, ["in present"]),
    (Way.IN, 10, ["in present", "in back"]),
])  # fmt: skip
def test_a_repeat_is_the_same_passage(way: Way, seconds: int, told: list[str]) -> None:
    door = Doorway(now=f"{MONDAY} 07:30")
    door.door(card(ASEL), way)
    door.wait(seconds=seconds)
    assert door.door(card(ASEL), way) is Light.ACCEPTED
    assert passed(door) == told


@pytest.mark.parametrize(("shown", "light", "state", "pupil", "hash_"), [
    ("ff" * 16, Light.UNKNOWN, "unknown_card", "", "ff" * 16),
    (blocked(ASEL), Light.UNKNOWN, "blocked_card", ASEL, ""),
])  # fmt: skip
def test_cards_that_are_not_taken(shown: str, light: Light, state: str, pupil: str, hash_: str) -> None:
    door = Doorway(now=f"{MONDAY} 07:50")
    assert door.door(shown) is light
    assert door.last("state", "pupil", "card", "way", "day") == ("attendance.passed", state, pupil, hash_, "", MONDAY)
    door.door(shown, Way.OUT)
    assert door.last("way") == ("attendance.passed", "out")
    assert door.rows("select * from passage") == []


def test_a_box_without_data_says_so() -> None:
    door = Doorway({})
    assert door.door(card(ASEL)) is Light.REFUSED
    assert door.last("state", "pupil", "card") == ("attendance.passed", "no_data", "", card(ASEL))


def test_staff_are_let_pass_and_nothing_is_recorded() -> None:
    door = Doorway()
    assert door.door(card(TEACHER)) is Light.ACCEPTED
    assert door.events() == []
    assert door.rows("select * from passage") == door.rows("select * from fact where key like 'entrance%'") == []


def test_without_a_calendar_nobody_is_late() -> None:
    door = Doorway({name: data for name, data in DATASETS.items() if name != "calendar"}, now=f"{MONDAY} 09:30")
    door.door(card(ASEL))
    assert door.last("state", "marks") == ("attendance.passed", "present", ["calendar"])
    door = Doorway(now="2027-01-04 08:06")
    door.door(card(ASEL))
    assert door.last("state", "marks") == ("attendance.passed", "late", ["calendar"])


def test_without_a_clock_nobody_is_late_nobody_leaves_early_and_the_ways_go_on() -> None:
    """Power was cut at noon; the pupil came before it and goes after it."""
    door = Doorway(now=f"{MONDAY} 07:50")
    door.door(card(ASEL))
    door.restart(away_min=60, synced=False)
    door.now_ns = utc_ns("2024-01-01 09:00")
    door.door(card(ASEL))
    assert door.last("way", "state", "day", "marks") == ("attendance.passed", "out", "left", "", ["clock"])
    door.door(card(ASEL))
    door.wait(5)
    door.door(card(ASEL))
    assert passed(door) == ["in present", "out left", "in back"]
    assert [day for (day,) in door.rows("select day from passage order by number")] == [MONDAY, "", ""]


def test_a_clock_that_comes_again_knows_what_was_before() -> None:
    door = Doorway(now="2024-01-01 09:00")
    door.synced = False
    door.door(card(ASEL))
    door.wait(10)
    door.now_ns, door.synced = utc_ns(f"{MONDAY} 08:30"), True
    door.door(card(ASEL))  # before any tick
    assert passed(door) == ["in present", "out left_early"]
    assert door.last("day", "marks") == ("attendance.passed", MONDAY, [])
