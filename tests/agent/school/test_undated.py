"""Meals that were given without a trusted clock: each gets its day, or is counted once, and the tenge add up."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.school import undated
from drivers.readings import Light
from tests.agent.school.canteen import MONDAY, OPERATOR_CARD, Canteen, book, canteen, entitled, key, meals, utc_ns

TUESDAY, WEDNESDAY, THURSDAY = "2026-09-08", "2026-09-09", "2026-09-10"
Outcome = tuple[str, str, bool, str]  # day, meal, counted, reason


class Astray:
    """A canteen whose clock goes wrong and right again; the true time is kept here."""

    def __init__(self, school: Canteen) -> None:
        self.school = school
        self.off_ns = 0

    def loses_the_clock(self, off_h: float = -3.0) -> None:
        self.off_ns = round(off_h * 3_600e9)
        self.school.clock.now_ns += self.off_ns
        self.school.clock.is_synced = False

    def finds_the_clock(self) -> None:
        self.school.clock.now_ns -= self.off_ns
        self.off_ns = 0
        self.school.clock.is_synced = True

    def until(self, time: str, day: str = MONDAY) -> None:
        self.school.clock.advance((utc_ns(day, time) - self.school.clock.now_ns + self.off_ns) / 1e9)

    def restarts(self, boot: str) -> None:
        self.school.clock.boot_id, self.school.clock.up_ns = boot, 10**9


async def dated(school: Canteen) -> list[Outcome]:
    return [(one["day"], one["meal"], one["counted"], one["reason"]) for one in await school.said("meal.dated")]


async def balance(school: Canteen) -> tuple[int, int]:
    """Meals and tenge as the statement says them."""
    sign = {"granted": 1, "forgotten": 1, "reversed": -1, "not_counted": -1}
    lines = await school.lines()
    counted = [(sign.get(kind, 0) * count, tenge) for (kind, _, _, tenge), count in lines.items()]
    return sum(count for count, _ in counted), sum(count * tenge for count, tenge in counted)


# --- of this boot -------------------------------------------------------------------------------------------------


async def test_a_meal_gets_its_day_when_the_clock_is_found(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        await school.eats(1)
        await school.ticks()
        assert await dated(school) == []
        astray.until("12:30")
        astray.finds_the_clock()
        await school.ticks(2)
        assert await dated(school) == [(MONDAY, "lunch", True, "")]
        assert await school.rows("select day, meal, state, utc_ns from meal") == [
            (MONDAY, "lunch", 0, utc_ns(MONDAY, "11:00"))
        ]
        assert await school.eats(1) is Light.REFUSED
        assert await balance(school) == (1, 850)


async def test_the_meal_is_that_of_the_true_hour_and_the_day_that_of_the_true_day(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="08:10") as school:
        astray = Astray(school)
        astray.loses_the_clock(4)  # it says 12:10
        await school.eats(21)
        assert [one["meal"] for one in await school.said("meal.granted")] == ["lunch"]
        astray.until("08:20", WEDNESDAY)
        await school.eats(21)
        astray.until("09:00", THURSDAY)
        astray.finds_the_clock()
        await school.ticks()
        assert await dated(school) == [(MONDAY, "breakfast", True, ""), (WEDNESDAY, "breakfast", True, "")]
        assert await balance(school) == (2, 1_700)


async def test_a_second_portion_is_not_counted_and_is_reported(tmp_path: Path) -> None:
    long = meals([entitled(1)])
    long = meals(long.entitlements, meals=[long.meals[1].__class__(meal="lunch", starts="11:00", ends="14:00")])
    async with canteen(tmp_path, book(meals=long), time="11:10") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        await school.eats(1)
        astray.until("13:20")
        assert await school.eats(1) is Light.ACCEPTED  # more than two hours: nobody can tell
        astray.finds_the_clock()
        await school.ticks()
        assert await dated(school) == [(MONDAY, "lunch", True, ""), (MONDAY, "lunch", False, "already_eaten")]
        assert [one["rule"] for one in await school.said("suspicion")] == ["meal_twice"]
        assert await balance(school) == (1, 850)


async def test_before_the_tick_a_tap_by_the_trusted_clock_knows_of_it(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        await school.eats(1)
        await school.eats(2)
        astray.until("11:30")
        astray.finds_the_clock()
        assert await school.eats(1) is Light.REFUSED
        assert await dated(school) == [(MONDAY, "lunch", True, "")]
        assert await balance(school) == (2, 1_700)


async def test_a_reversal_by_the_trusted_clock_finds_it_as_well(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        await school.eats(1)
        astray.finds_the_clock()
        await school.shows(OPERATOR_CARD)
        assert await school.eats(1) is Light.ACCEPTED
        (taken,) = await school.said("meal.reversed")
        assert (taken["day"], taken["tenge"]) == (MONDAY, 850)
        assert await balance(school) == (0, 0)


async def test_a_meal_that_was_taken_back_without_a_day_needs_none(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        await school.eats(1)
        await school.shows(OPERATOR_CARD)
        await school.eats(1)
        astray.finds_the_clock()
        await school.ticks(2)
        assert await dated(school) == []
        assert await balance(school) == (0, 0)
        school.clock.advance(60)
        assert await school.eats(1) is Light.ACCEPTED


async def test_a_forgotten_card_gets_its_day(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="14:30") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        for _ in range(4):
            await school.shows(OPERATOR_CARD)
        astray.finds_the_clock()
        await school.ticks()
        assert await dated(school) == [(MONDAY, "lunch", True, "")] * 2
        assert await balance(school) == (2, 0)


async def test_a_right_that_did_not_hold_on_that_day_is_not_paid_for(tmp_path: Path) -> None:
    of = book([entitled(1, last="2026-09-04"), entitled(2)])
    async with canteen(tmp_path, of, time="11:00") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        assert await school.eats(1) is Light.ACCEPTED
        astray.finds_the_clock()
        await school.ticks()
        assert await dated(school) == [(MONDAY, "lunch", False, "no_entitlement")]
        assert await balance(school) == (0, 0)
        assert await school.eats(1) is Light.REFUSED


async def test_a_right_that_held_when_the_meal_was_given_holds_after_newer_data(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        await school.eats(1)
        school.book = book([entitled(2)])
        astray.finds_the_clock()
        await school.ticks()
        assert await dated(school) == [(MONDAY, "lunch", True, "")]


async def test_a_meal_at_the_price_of_another_day_is_recorded_anew(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00", day="2026-09-30") as school:
        await school.eats(2)
        astray = Astray(school)
        astray.until("11:05", "2026-10-01")
        astray.loses_the_clock(-20)
        await school.eats(1)
        astray.until("11:30", "2026-10-01")
        astray.finds_the_clock()
        await school.ticks()
        assert await dated(school) == [("2026-10-01", "lunch", False, "other_price")]
        assert await school.lines() == {
            ("granted", "2026-09-30", "free", 850): 1,
            ("granted", "", "free", 850): 1,
            ("not_counted", "2026-10-01", "free", 850): 1,
            ("granted", "2026-10-01", "free", 920): 1,
        }
        assert await balance(school) == (2, 1_770)
        assert await school.eats(1) is Light.REFUSED
        assert await school.rows(f"select state, tenge from meal where pupil = '{key(1)}' order by number") == [
            (2, 850),
            (0, 920),
        ]


async def test_a_meal_of_another_programme_is_recorded_anew(tmp_path: Path) -> None:
    of = book([entitled(1, "breakfast", programme="social"), entitled(1)])
    async with canteen(tmp_path, of, time="11:30") as school:
        astray = Astray(school)
        astray.loses_the_clock()  # it says 08:30
        await school.eats(1)
        astray.finds_the_clock()
        await school.ticks()
        assert await dated(school) == [(MONDAY, "lunch", False, "other_price")]
        assert await balance(school) == (1, 850)


async def test_many_meals_are_dated_a_piece_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undated, "PIECE", 3)
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        for pupil in range(1, 9):
            await school.eats(pupil)
        astray.finds_the_clock()
        counts = []
        for _ in range(4):
            await school.ticks()
            counts.append(len(await dated(school)))
        assert counts == [3, 6, 8, 8]


async def test_without_data_about_meals_nothing_is_dated_yet(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        astray.loses_the_clock()
        await school.eats(1)
        astray.finds_the_clock()
        whole, school.book = school.book, book(meals=None)
        await school.ticks()
        assert await school.eats(1) is Light.REFUSED
        assert await dated(school) == []
        school.book = whole
        await school.ticks()
        assert await dated(school) == [(MONDAY, "lunch", True, "")]


# --- of earlier boots ---------------------------------------------------------------------------------------------


async def test_between_two_certain_moments_of_one_day_it_is_that_day(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        await school.eats(1)
        astray.restarts("b")
        astray.loses_the_clock()
        await school.eats(1)  # nobody can tell
        await school.eats(2)
        astray.restarts("c")
        astray.until("12:00")
        astray.finds_the_clock()
        await school.ticks(2)
        assert await dated(school) == []  # the day is not over
        astray.until("08:00", TUESDAY)
        await school.ticks(3)
        assert await dated(school) == [(MONDAY, "lunch", False, "already_eaten"), (MONDAY, "lunch", True, "")]
        assert await balance(school) == (2, 1_700)


@pytest.mark.parametrize("set_by_days", [[0], [1_461, -1_461]])  # or a trusted clock says years ahead for a moment
async def test_a_day_is_certain_without_a_meal_of_it(tmp_path: Path, set_by_days: list[int]) -> None:
    async with canteen(tmp_path, time="10:00") as school:
        astray = Astray(school)
        await school.ticks()
        astray.restarts("b")
        astray.loses_the_clock()
        astray.until("11:00")
        await school.eats(1)
        astray.restarts("c")
        astray.finds_the_clock()
        for days in set_by_days:
            school.clock.now_ns += days * 86_400 * 10**9
            await school.ticks()
        astray.until("08:00", TUESDAY)
        await school.ticks()
        assert await dated(school) == [(MONDAY, "lunch", True, "")]


async def test_between_several_days_it_is_counted_once_and_without_a_day(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="10:00") as school:
        astray = Astray(school)
        await school.ticks()
        astray.until("11:00", TUESDAY)
        astray.restarts("b")
        astray.loses_the_clock(-24)
        await school.eats(1)
        astray.restarts("c")
        await school.eats(1)
        await school.eats(2)
        astray.restarts("d")
        astray.until("08:00", WEDNESDAY)
        astray.finds_the_clock()
        await school.ticks()
        astray.until("08:00", THURSDAY)
        await school.ticks(3)
        assert await dated(school) == [
            ("", "lunch", True, ""),
            ("", "lunch", False, "perhaps_twice"),
            ("", "lunch", True, ""),
        ]
        assert await balance(school) == (2, 1_700)
        assert await school.rows("select state from meal order by number") == [(3,), (2,), (3,)]


@pytest.mark.parametrize("day", [MONDAY, WEDNESDAY])
async def test_a_meal_by_the_clock_on_a_day_of_them_may_be_the_same(tmp_path: Path, day: str) -> None:
    """The first certain day and the last are not over when the meals between them come to light."""
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        if day == MONDAY:
            await school.eats(1)
        await school.ticks()
        astray.restarts("b")
        astray.loses_the_clock()
        await school.eats(1)
        astray.restarts("c")
        astray.until("11:30", WEDNESDAY)
        astray.finds_the_clock()
        await school.ticks(2)
        if day == WEDNESDAY:
            assert await school.eats(1) is Light.ACCEPTED  # no child goes hungry for it
        astray.until("11:30", THURSDAY)
        await school.ticks(2)
        assert await dated(school) == [("", "lunch", False, "perhaps_twice")]
        assert await balance(school) == (1, 850)


async def test_meals_of_one_boot_that_lie_a_night_apart_are_two(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="10:00") as school:
        astray = Astray(school)
        await school.ticks()
        astray.restarts("b")
        astray.loses_the_clock()
        for day in (MONDAY, TUESDAY):
            astray.until("11:00", day)
            await school.eats(1)
        astray.restarts("c")
        astray.until("16:00", TUESDAY)
        astray.finds_the_clock()
        await school.ticks()
        astray.until("08:00", WEDNESDAY)
        await school.ticks()
        assert await dated(school) == [("", "lunch", True, "")] * 2


async def test_a_forgotten_card_of_an_earlier_boot_is_counted(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        astray.restarts("b")
        astray.loses_the_clock()
        for _ in range(4):
            await school.shows(OPERATOR_CARD)
        astray.restarts("c")
        astray.finds_the_clock()
        await school.ticks()
        astray.until("11:00", TUESDAY)
        await school.ticks()
        assert await dated(school) == [("", "breakfast", True, "")] * 2
        assert await balance(school) == (2, 0)


async def test_meals_that_come_while_others_wait_have_their_turn(tmp_path: Path) -> None:
    async with canteen(tmp_path, time="11:00") as school:
        astray = Astray(school)
        await school.ticks()
        for boot, day, pupil in (("b", MONDAY, 1), ("d", TUESDAY, 2), ("f", WEDNESDAY, 3)):
            astray.until("11:10", day)
            astray.restarts(boot)
            astray.loses_the_clock()
            await school.eats(pupil)
            astray.restarts(boot + "b")
            astray.until("12:00", day)
            astray.finds_the_clock()
            await school.ticks(3)
        astray.until("12:00", THURSDAY)
        await school.ticks(3)
        astray.until("12:00", "2026-09-11")
        await school.ticks(3)
        assert [one[2] for one in await dated(school)] == [True] * 3
        assert await balance(school) == (3, 2_550)
