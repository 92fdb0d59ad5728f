"""Patterns around meals: reported at their edge and not before it, and nobody goes without a meal for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.school import meal_suspicions
from drivers.readings import Light
from tests.agent.school.canteen import MONDAY, OPERATOR_CARD, Canteen, canteen, key


async def passes(school: Canteen, pupil: int, day: str = MONDAY, *, way: str = "in") -> None:
    await school.run(
        "insert into passage (pupil, day, way, reader, utc_ns, boot, monotonic_ns) "
        "values (?, ?, ?, 'gate-1', ?, 'b', 1)",
        *(key(pupil), day, way, school.clock.now_ns),
    )


async def suspected(school: Canteen) -> list[dict[str, Any]]:
    return [dict(one) for one in await school.said("suspicion")]


@pytest.mark.parametrize(
    ("pause_s", "readers", "found"),
    [
        (0.69, ("canteen-1", "canteen-1"), 1),
        (0.7, ("canteen-1", "canteen-1"), 0),
        (0.2, ("canteen-1", "canteen-2"), 0),
    ],
)
async def test_taps_faster_than_a_queue_walks(
    tmp_path: Path, pause_s: float, readers: tuple[str, str], found: int
) -> None:
    async with canteen(tmp_path) as school:
        assert await school.eats(1, readers[0]) is Light.ACCEPTED
        school.clock.advance(pause_s - 2)  # showing a card takes two seconds
        assert await school.eats(2, readers[1]) is Light.ACCEPTED
        rules = [(one["rule"], one["pupil"], one["class"]) for one in await suspected(school)]
        assert rules == [("too_fast", key(2), "5А")] * found


async def test_the_queue_is_the_readers_own(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        for pupil, reader in ((1, "canteen-1"), (2, "canteen-2"), (3, "canteen-1")):
            await school.eats(pupil, reader)
            school.clock.advance(-1.8)
        assert [(one["reader"], one["pupil"]) for one in await suspected(school)] == [("canteen-1", key(3))]


async def test_a_forgotten_card_before_a_child_is_no_hurry(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.shows(OPERATOR_CARD)
        await school.shows(OPERATOR_CARD)
        school.clock.advance(-1.9)
        await school.eats(1)
        assert await suspected(school) == []


async def test_a_meal_without_presence(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.eats(1)
        assert await suspected(school) == []  # nobody has used the entrance
        await passes(school, 2)
        await passes(school, 3, "2026-09-04")
        await passes(school, 4, "")  # the clock was not trusted: it may have been today
        for pupil in (2, 3, 4, 5):
            assert await school.eats(pupil) is Light.ACCEPTED
        found = [(one["rule"], one["pupil"], one["day"]) for one in await suspected(school)]
        assert found == [("meal_without_presence", key(pupil), MONDAY) for pupil in (3, 5)]


async def test_without_a_day_nobody_is_suspected_of_absence(tmp_path: Path) -> None:
    async with canteen(tmp_path, synced=False) as school:
        await passes(school, 2)
        await school.eats(1)
        assert await suspected(school) == []


async def test_a_class_that_ate_more_than_it_is_present(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="12:50") as school:
        for pupil in (1, 2, 3):
            await school.eats(pupil)
        for pupil in (1, 2, 4):
            await passes(school, pupil)
        await passes(school, 4, way="out")
        school.at("14:10")
        await school.eats(10)
        await school.eats(20)
        await passes(school, 10)
        before = len(await suspected(school))
        school.at("14:59")
        await school.ticks()
        assert len(await suspected(school)) == before  # the second shift is at lunch
        school.at("15:00")
        await school.ticks(3)
        found = (await suspected(school))[before:]
        assert [(one["class"], one["count"], one["expected"], one["other"]) for one in found] == [("9Б", 2, 1, "lunch")]


@pytest.mark.parametrize(
    ("passed", "time", "day", "synced"),
    [
        (False, "15:00", MONDAY, True),  # the entrance has no reader
        (True, "15:00", MONDAY, False),
        (True, "15:00", "2026-09-08", True),  # another day's meals
    ],
)
async def test_a_class_that_is_not_held_against_anything(
    tmp_path: Path, passed: bool, time: str, day: str, synced: bool
) -> None:
    async with canteen(tmp_path) as school:
        await school.eats(1)
        if passed:
            await passes(school, 2)
        school.at(time, day)
        school.clock.is_synced = synced
        await school.ticks()
        assert await suspected(school) == []


async def test_only_today_s_meals_are_counted(tmp_path: Path) -> None:
    """Two months of them lie in the table, and a tap would wait."""
    async with canteen(tmp_path) as school:
        await passes(school, 1)
        await school.eats(1)
        sql = (
            "insert into meal (pupil, day, meal, programme, tenge, utc_ns, boot, monotonic_ns, reader, leaf) "
            "values (?, '2026-09-04', 'lunch', 'free', 850, 1, 'boot', 1, 'canteen-1', 'x')"
        )
        rows = [(key(number),) for number in range(3_000)]
        await school.outbox.transact(lambda transaction: transaction.db.executemany(sql, rows) and None)
        school.at("15:00")
        now, boot = school.clock.now(), school.clock.boot_id
        assert await school.steps(lambda transaction: meal_suspicions.tick(transaction, school.book, now, boot)) < 20
