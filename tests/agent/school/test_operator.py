"""Meals taken back and meals for forgotten cards: new records, exact to the tenge, at every order of things."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.readings import Light
from tests.agent.school.canteen import (
    MONDAY,
    OPERATOR,
    OPERATOR_CARD,
    Canteen,
    book,
    canteen,
    card,
    key,
    old_card,
)

GRANTED = ("granted", MONDAY, "free", 850)
REVERSED = ("reversed", MONDAY, "free", 850)
FORGOTTEN = ("forgotten", MONDAY, "", 0)


async def taken_back(school: Canteen, pupil: int) -> Light:
    assert await school.shows(OPERATOR_CARD) is Light.READY
    return await school.eats(pupil)


async def test_a_meal_is_taken_back_and_given_again(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.eats(1)
        school.clock.advance(100)
        assert await taken_back(school, 1) is Light.ACCEPTED
        (granted,) = await school.rows("select leaf, state from meal")
        (event,) = await school.said("meal.reversed")
        assert (event["of"], event["tenge"], event["operator"]) == (granted[0], 850, OPERATOR)
        assert (event["day"], event["meal"], event["programme"]) == (MONDAY, "lunch", "free")
        assert granted[1] == 1
        assert await school.eats(1) is Light.ACCEPTED
        school.clock.advance(100)
        assert await school.eats(1) is Light.REFUSED
        assert await school.lines() == {GRANTED: 2, REVERSED: 1}


async def test_nothing_to_take_back(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        assert await taken_back(school, 1) is Light.REFUSED
        (event,) = await school.said("meal.refused")
        assert (event["reason"], event["pupil"], event["day"]) == ("nothing_to_reverse", key(1), MONDAY)
        await school.eats(1)
        await taken_back(school, 1)
        assert await taken_back(school, 1) is Light.REFUSED
        assert await school.lines() == {GRANTED: 1, REVERSED: 1}


@pytest.mark.parametrize(("hours", "light"), [(1.9, Light.ACCEPTED), (2.1, Light.REFUSED)])
@pytest.mark.parametrize("boot", ["the same", "another"])
async def test_a_meal_of_the_last_two_hours_is_taken_back_after_serving(
    tmp_path: Path, hours: float, light: Light, boot: str
) -> None:
    async with canteen(tmp_path, time="12:50") as school:
        await school.eats(1)
        if boot == "another":
            school.clock.boot_id, school.clock.up_ns = "another", 10**9
        school.clock.advance(hours * 3_600)
        assert await taken_back(school, 1) is light


async def test_a_meal_of_this_serving_is_taken_back_however_long_ago(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="08:00") as school:
        await school.eats(21)
        school.at("09:20")
        assert await taken_back(school, 21) is Light.ACCEPTED
        school.at("11:10")
        await school.eats(21)
        assert await taken_back(school, 21) is Light.ACCEPTED
        assert [event["meal"] for event in await school.said("meal.reversed")] == ["breakfast", "lunch"]


async def test_a_meal_that_another_box_gave_is_taken_back_at_its_price(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.run(
            "insert into meal (pupil, day, meal, programme, tenge, utc_ns, boot, monotonic_ns, reader, leaf) "
            "values (?, ?, 'lunch', '', 0, 1, '', 0, '', '')",
            key(1),
            MONDAY,
        )
        assert await school.eats(1) is Light.REFUSED
        assert await taken_back(school, 1) is Light.ACCEPTED
        (event,) = await school.said("meal.reversed")
        assert (event["of"], event["programme"], event["tenge"]) == ("", "free", 850)
        assert await school.lines() == {REVERSED: 1}
        assert await school.rows("select programme, tenge, state from meal") == [("free", 850, 1)]


async def test_a_meal_for_a_forgotten_card(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        assert [await school.shows(OPERATOR_CARD), await school.shows(OPERATOR_CARD)] == [Light.READY, Light.ACCEPTED]
        (event,) = await school.said("meal.granted")
        assert (event["pupil"], event["programme"], event["tenge"], event["operator"]) == ("", "", 0, OPERATOR)
        assert (event["day"], event["meal"]) == (MONDAY, "lunch")
        assert [await school.shows(OPERATOR_CARD), await school.shows(OPERATOR_CARD)] == [Light.READY, Light.ACCEPTED]
        assert await school.lines() == {FORGOTTEN: 2}
        assert await school.eats(1) is Light.ACCEPTED  # the reader is not armed any more


async def test_an_operators_card_that_is_held_gives_one_meal_and_arms_nothing(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        lights = []
        for pause_s in (1, 1, 2, 1, 1, 2):
            lights.append(await school.shows(OPERATOR_CARD))
            school.clock.advance(pause_s - 2)  # showing takes two seconds
        armed, given = [Light.READY] * 3, [Light.ACCEPTED] * 3
        assert lights == armed + given
        assert await school.lines() == {FORGOTTEN: 1}
        assert await school.eats(1) is Light.ACCEPTED
        assert await school.lines() == {FORGOTTEN: 1, GRANTED: 1}


@pytest.mark.parametrize(("time", "day"), [("10:00", MONDAY), ("11:30", "2026-09-06"), ("11:30", "2026-11-03")])
async def test_no_meal_for_a_forgotten_card_while_none_is_served(tmp_path: Path, time: str, day: str) -> None:
    async with canteen(tmp_path, time=time, day=day) as school:
        await school.shows(OPERATOR_CARD)
        assert await school.shows(OPERATOR_CARD) is Light.REFUSED
        (event,) = await school.said("meal.refused")
        assert (event["reason"], event["pupil"]) == ("not_serving", "")


async def test_no_meal_for_a_forgotten_card_without_data(tmp_path: Path) -> None:
    async with canteen(tmp_path, book(meals=None)) as school:
        await school.shows(OPERATOR_CARD)
        assert await school.shows(OPERATOR_CARD) is Light.REFUSED
        assert [event["reason"] for event in await school.said("meal.refused")] == ["no_data"]


async def test_without_a_trusted_clock_both_gestures_work(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="03:00", synced=False) as school:
        await school.eats(1)
        school.clock.advance(600)
        assert await taken_back(school, 1) is Light.ACCEPTED
        assert await taken_back(school, 2) is Light.REFUSED
        school.clock.advance(20)
        await school.shows(OPERATOR_CARD)
        assert await school.shows(OPERATOR_CARD) is Light.ACCEPTED
        assert await school.lines() == {
            ("granted", "", "free", 850): 1,
            ("reversed", "", "free", 850): 1,
            ("forgotten", "", "", 0): 1,
        }


@pytest.mark.parametrize("shown", ["9" * 32, old_card(2)])
async def test_a_card_that_is_no_pupils_disarms_the_reader(tmp_path: Path, shown: str) -> None:
    async with canteen(tmp_path) as school:
        await school.eats(1)
        await school.shows(OPERATOR_CARD)
        assert await school.shows(shown) is Light.UNKNOWN
        school.clock.advance(61)
        assert await school.shows(card(1)) is Light.REFUSED
        assert await school.said("meal.reversed") == []


async def test_readers_are_armed_one_by_one(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.shows(OPERATOR_CARD, "canteen-1")
        assert await school.eats(1, "canteen-2") is Light.ACCEPTED
        assert await school.eats(1, "canteen-1") is Light.ACCEPTED
        assert await school.lines() == {GRANTED: 1, REVERSED: 1}


async def test_an_armed_reader_stays_armed_over_a_restart_of_the_agent(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.eats(1)
        await school.shows(OPERATOR_CARD)
        clock = school.clock
    async with canteen(tmp_path) as school:
        school.clock.now_ns, school.clock.up_ns = clock.now_ns, clock.up_ns
        assert await school.eats(1) is Light.ACCEPTED
        assert len(await school.said("meal.reversed")) == 1
