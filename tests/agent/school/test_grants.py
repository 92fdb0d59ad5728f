"""What the centre knows of another box's meals: refused here, reported where it was given here as well."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.school import grants
from agent.school.defects import Defects
from agent.school.grants import Grants, Told, parsed, take
from drivers.readings import Light
from tests.agent.outbox.box import until
from tests.agent.school.canteen import MONDAY, OPERATOR_CARD, Canteen, canteen, key


def told(*pupils: int, meal: str = "lunch", day: str = MONDAY) -> list[Told]:
    return [Told(day, meal, key(pupil)) for pupil in pupils]


async def hears(school: Canteen, said: list[Told]) -> None:
    now = school.clock.now()
    await school.outbox.transact(lambda transaction: take(transaction, said, now))


async def test_a_replaced_box_refuses_what_was_eaten(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await hears(school, told(1, 2))
        await hears(school, told(1, 2, 3))
        assert [await school.eats(pupil) for pupil in (1, 2, 3, 4)] == [Light.REFUSED] * 3 + [Light.ACCEPTED]
        assert [event["reason"] for event in await school.said("meal.refused")] == ["already_eaten"] * 3
        assert await school.rows("select pupil, state, leaf from meal where leaf = '' order by number") == [
            (key(pupil), 0, "") for pupil in (1, 2, 3)
        ]
        assert await school.lines() == {("granted", MONDAY, "free", 850): 1}


async def test_another_meal_or_day_is_not_this_one(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await hears(school, [*told(21, meal="breakfast"), *told(1, day="2026-09-04")])
        assert [await school.eats(pupil) for pupil in (21, 1)] == [Light.ACCEPTED] * 2


async def test_what_this_box_gave_itself_in_an_earlier_epoch_is_no_news(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.eats(1)
        await school.eats(2)
        await school.shows(OPERATOR_CARD)
        await school.eats(2)
        await school.outbox.open_epoch("rewind")
        await hears(school, told(1, 2))
        assert len(await school.rows("select * from meal")) == 2
        school.clock.advance(100)
        assert [await school.eats(pupil) for pupil in (1, 2)] == [Light.REFUSED, Light.ACCEPTED]
        assert await school.said("suspicion") == []


async def test_a_meal_that_both_gave_is_reported_once_and_not_changed(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.eats(1)
        for _ in range(3):
            await hears(school, told(1))
        found = [(one["rule"], one["pupil"], one["other"]) for one in await school.said("suspicion")]
        assert found == [("meal_twice", key(1), "lunch")]
        assert await school.rows("select state, leaf <> '' from meal order by number") == [(0, 1), (2, 0)]


async def test_a_meal_that_was_taken_back_here_and_given_elsewhere_is_eaten(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.eats(1)
        await school.shows(OPERATOR_CARD)
        await school.eats(1)
        await hears(school, told(1))
        school.clock.advance(100)
        assert await school.eats(1) is Light.REFUSED
        await school.shows(OPERATOR_CARD)
        assert await school.eats(1) is Light.ACCEPTED  # taken back a second time, the other box's meal
        await hears(school, told(1))  # the centre may not know that yet
        school.clock.advance(100)
        assert await school.eats(1) is Light.ACCEPTED


async def test_a_long_list_goes_in_pieces_and_the_newest_list_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grants, "PIECE", 7)
    async with canteen(tmp_path) as school:
        kept = Grants(school.outbox.transact, school.clock, Defects(school.clock))
        running = asyncio.create_task(kept.run())
        kept.tell([f"{MONDAY}/lunch/{key(1)}"])
        kept.tell([f"{MONDAY}/lunch/{key(pupil)}" for pupil in range(1, 21)])

        async def count() -> int:
            return int((await school.rows("select count(*) from meal"))[0][0])

        async with asyncio.timeout(10):
            while await count() < 20:
                await asyncio.sleep(0)
        running.cancel()
        assert await school.eats(20) is Light.REFUSED


async def test_a_list_that_cannot_be_taken_is_a_trouble_and_ends_nothing(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        defects = Defects(school.clock)
        kept = Grants(school.outbox.transact, school.clock, defects)
        running = asyncio.create_task(kept.run())
        await school.run("alter table meal rename to hidden")
        kept.tell([f"{MONDAY}/lunch/{key(1)}"])
        await until(defects.trouble)
        assert "grants" in defects.trouble()[0].what
        await school.run("alter table hidden rename to meal")
        kept.tell([f"{MONDAY}/lunch/{key(1)}"])
        await until(lambda: not defects.trouble())
        running.cancel()
        assert await school.rows("select pupil from meal") == [(key(1),)]


def test_a_grant_is_a_day_a_meal_and_a_pupil() -> None:
    assert parsed(f"{MONDAY}/lunch/{key(1)}") == Told(MONDAY, "lunch", key(1))
    with pytest.raises(ValueError, match="unpack"):
        parsed("lunch")
