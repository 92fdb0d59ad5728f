"""From a tap to its light and its records, on a real outbox: who is refused, and what is written down of it."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.book import EMPTY, Book
from agent.school import desk, meal_tap
from agent.school.purpose import Purpose
from drivers.readings import Light
from tests.agent.school.canteen import (
    TEACHER_CARD,
    book,
    canteen,
    card,
    entitled,
    key,
    meals,
    old_card,
)

STRANGER = "9" * 32


async def test_a_meal_is_a_row_a_leaf_and_a_line(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        assert await school.eats(1) is Light.ACCEPTED
        (event,) = await school.said("meal.granted")
        salt = event.pop("salt")
        assert len(salt) == 32
        assert event == {
            "reader": "canteen-1",
            "pupil": key(1),
            "day": "2026-09-07",
            "meal": "lunch",
            "programme": "free",
            "tenge": 850,
            "operator": "",
            "marks": [],
        }
        assert await school.lines() == {("granted", "2026-09-07", "free", 850): 1}
        columns = "pupil, day, meal, programme, tenge, first, last, state, reader, leaf"
        leaf = f"{school.outbox.epoch}/1"  # the first leaf is that of the epoch's beginning
        assert await school.rows(f"select {columns} from meal") == [
            (key(1), "2026-09-07", "lunch", "free", 850, "2026-09-01", "2027-05-25", 0, "canteen-1", leaf)
        ]


async def test_twice_is_once(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        assert [await school.eats(1), await school.eats(1, "canteen-2")] == [Light.ACCEPTED, Light.ACCEPTED]
        school.clock.advance(60)
        assert await school.eats(1) is Light.REFUSED
        assert len(await school.said("meal.granted")) == 1
        (refused,) = await school.said("meal.refused")
        assert (refused["reason"], refused["pupil"], refused["meal"]) == ("already_eaten", key(1), "lunch")


@pytest.mark.parametrize("days", [-3, 4 * 364])
async def test_a_trusted_clock_that_is_set_to_another_day_gives_no_second_meal(tmp_path: Path, days: int) -> None:
    async with canteen(tmp_path) as school:
        school.clock.now_ns += days * 86_400 * 10**9
        assert await school.eats(1) is Light.ACCEPTED
        school.clock.now_ns -= days * 86_400 * 10**9
        school.clock.advance(30)
        assert await school.eats(1) is Light.ACCEPTED  # the same meal: a repeat
        school.clock.advance(60)
        assert await school.eats(1) is Light.REFUSED
        assert len(await school.said("meal.granted")) == 1
        school.clock.advance(86_400)
        assert await school.eats(1) is Light.ACCEPTED


async def test_a_child_that_saw_wait_is_not_refused_when_the_disk_answers(tmp_path: Path) -> None:
    """It has shown its card again and again; the meal counts once, and its grace time begins when green can be seen."""
    async with canteen(tmp_path) as school:
        taps = []
        for _ in range(3):
            taps.append(school.tap(card(1)))
            school.clock.advance(90)
        for tap in taps:
            await school.outbox.transact(partial(meal_tap.tapped, book=school.book, tap=tap))
        school.clock.advance(50)
        assert await school.eats(1) is Light.ACCEPTED
        school.clock.advance(20)
        assert await school.eats(1) is Light.REFUSED
        assert (len(await school.said("meal.granted")), len(await school.said("meal.refused"))) == (1, 1)


async def test_two_readers_at_one_moment_decide_once(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        taps = [school.tap(card(pupil), f"canteen-{reader}") for pupil in range(1, 10) for reader in (1, 2, 3)]

        async def shown(number: int) -> Light:
            return await school.outbox.transact(lambda work: meal_tap.tapped(work, school.book, taps[number]))

        lights = await asyncio.gather(*map(shown, range(len(taps))))
        assert set(lights) == {Light.ACCEPTED}
        assert sorted(event["pupil"] for event in await school.said("meal.granted")) == [
            key(one) for one in range(1, 10)
        ]
        assert await school.lines() == {
            ("granted", "2026-09-07", "free", 850): 9,
            ("suspicion", "2026-09-07", "too_fast", 0): 8,
        }


async def test_without_grace_two_readers_at_one_moment_give_one_meal(tmp_path: Path) -> None:
    strict = book(meals=meals([entitled(1)], grace_s=0))
    async with canteen(tmp_path, strict) as school:
        taps = [school.tap(card(1), f"canteen-{reader}") for reader in (1, 2)]
        school.clock.advance(1)
        lights = await asyncio.gather(
            *(school.outbox.transact(lambda work, tap=tap: meal_tap.tapped(work, strict, tap)) for tap in taps)
        )
        assert lights == [Light.ACCEPTED, Light.ACCEPTED]  # the same moment
        assert len(await school.said("meal.granted")) == 1
        assert await school.eats(1) is Light.REFUSED


@pytest.mark.parametrize(
    ("of", "shown", "light", "expected"),
    [
        (book(), STRANGER, Light.UNKNOWN, {"reason": "unknown_card", "card": STRANGER, "pupil": ""}),
        (book(), old_card(1), Light.UNKNOWN, {"reason": "blocked_card", "card": "", "pupil": key(1)}),
        (book(), TEACHER_CARD, Light.REFUSED, {"reason": "no_entitlement", "card": "", "pupil": ""}),
        (book(), card(31), Light.REFUSED, {"reason": "no_entitlement", "pupil": key(31), "meal": "lunch"}),
        (book(), card(10), Light.REFUSED, {"reason": "not_serving", "pupil": key(10), "meal": ""}),
        (book(meals=None), card(1), Light.REFUSED, {"reason": "no_data", "card": "", "pupil": key(1)}),
        (book(cards=None), card(1), Light.REFUSED, {"reason": "no_data", "card": card(1), "pupil": ""}),
        (EMPTY, card(1), Light.REFUSED, {"reason": "no_data", "card": card(1), "marks": ["calendar"]}),
    ],
    ids=["stranger", "blocked", "staff", "no right", "other shift", "no meals", "no cards", "nothing"],
)
@pytest.mark.parametrize("synced", [True, False], ids=["by the clock", "without it"])
async def test_who_is_refused_is_told_why(
    tmp_path: Path, of: Book, shown: str, light: Light, expected: dict[str, Any], synced: bool
) -> None:
    async with canteen(tmp_path, of, synced=synced) as school:
        if not synced and expected["reason"] == "not_serving":
            assert await school.shows(shown) is Light.ACCEPTED
            return
        assert await school.shows(shown) is light
        (event,) = await school.said("meal.refused")
        if synced:
            assert event == event | expected
            assert event["day"] == "2026-09-07"
        else:
            assert (event["reason"], event["pupil"], event["day"]) == (
                expected["reason"],
                expected.get("pupil", ""),
                "",
            )
            assert event["marks"][0] == "clock"
        assert await school.rows("select * from meal") == []
        assert await school.lines() == {}


async def test_without_a_trusted_clock_the_day_is_left_open(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="03:00", synced=False) as school:
        assert await school.eats(10) is Light.ACCEPTED
        (event,) = await school.said("meal.granted")
        assert (event["day"], event["meal"], event["tenge"], event["marks"]) == ("", "lunch", 850, ["clock"])
        assert await school.lines() == {("granted", "", "free", 850): 1}


async def test_the_desk_sends_a_canteens_taps_here() -> None:
    assert desk.RULES[Purpose.MEALS] is meal_tap.tapped
