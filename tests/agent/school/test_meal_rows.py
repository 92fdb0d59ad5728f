"""The table of meals: the latest first, what stands, what has no day; and rows and leaves that change together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school import meal_rows
from agent.school.meal_rows import Given, MealRow, State
from tests.agent.school.canteen import MONDAY, Canteen, canteen, key

AT = Moment(1_000, 500, True)
ROW = MealRow(1, key(1), MONDAY, "lunch", "free", 850, "", "", 0, 1_000, "a", 500, "canteen-1", "e/1")


def given(pupil: int = 1, day: str = MONDAY, meal: str = "lunch", boot: str = "a", **more: Any) -> Given:
    usual: dict[str, Any] = {"programme": "free", "tenge": 850, "reader": "canteen-1", "at": AT}
    return Given(pupil=key(pupil), day=day, meal=meal, boot=boot, **usual | more)


async def give(school: Canteen, *meals: Given) -> None:
    for one in meals:
        await school.outbox.transact(lambda work, one=one: meal_rows.grant(work, one))


@pytest.mark.parametrize(
    ("row", "boot", "elapsed"),
    [
        (ROW, "a", 250),
        (ROW, "b", 9_000),
        (msgspec.structs.replace(ROW, leaf=""), "a", None),
    ],
)
def test_what_has_passed_since(row: MealRow, boot: str, elapsed: int | None) -> None:
    assert row.elapsed_ns(Moment(10_000, 750, True), boot) == elapsed


async def test_what_stands(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await give(school, given(), given(meal="supper"), given(2), given(1, day="", boot="b"))
        standing = await school.outbox.transact(lambda work: meal_rows.standing(work, key(1)))
        assert [(row.day, row.meal, row.boot) for row in standing] == [
            *[("", "lunch", "b"), (MONDAY, "supper", "a"), (MONDAY, "lunch", "a")]
        ]
        stands = await school.outbox.transact(
            lambda work: [
                meal_rows.stands(work, day, meal, key(pupil))
                for day, meal, pupil in [
                    *[(MONDAY, "lunch", 1), (MONDAY, "lunch", 3), ("2026-09-08", "lunch", 1), ("", "lunch", 1)]
                ]
            ]
        )
        assert stands == [True, False, False, False]


async def test_no_meal_is_given_twice_whoever_asks(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await give(school, given())
        with pytest.raises(Exception, match="UNIQUE"):
            await give(school, given())
        assert await school.lines() == {("granted", MONDAY, "free", 850): 1}  # nor is its leaf left


async def test_what_has_no_day(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await give(school, *(given(pupil, "", boot=boot) for pupil, boot in [(1, "a"), (2, "b"), (1, "b"), (3, "a")]))
        numbers = await school.outbox.transact(
            lambda work: [
                [row.number for row in rows]
                for rows in (
                    meal_rows.undated(work, "a", 9),
                    meal_rows.undated(work, "a", 1),
                    meal_rows.undated_before(work, "a", 9),
                    meal_rows.undated_of(work, "b", key(1)),
                )
            ]
        )
        assert numbers == [[1, 4], [1], [2, 3], [3]]


async def test_the_latest_day(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        assert await school.outbox.transact(meal_rows.latest_day) == ""
        await give(school, given(1, "2026-09-04"), given(1, ""), given(1, MONDAY), given(2, ""))
        found = await school.outbox.transact(
            lambda work: [meal_rows.latest_day(work), *(meal_rows.latest_day(work, number) for number in (1, 2, 3, 4))]
        )
        assert found == [MONDAY, "", "2026-09-04", "2026-09-04", MONDAY]


async def test_a_row_and_its_leaf_change_together(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await give(school, given(), given(2, ""), given(3, ""), given(4, ""))

        def change(work: Any) -> None:
            rows = [meal_rows.standing(work, key(pupil))[0] for pupil in (1, 2, 3, 4)]
            meal_rows.take_back(work, rows[0], at=AT, reader="canteen-2", operator="f" * 16)
            meal_rows.date(work, msgspec.structs.replace(rows[1], day=MONDAY, meal="supper", utc_ns=7), AT)
            meal_rows.date(work, rows[2], AT)
            meal_rows.date(work, rows[3], AT, reason="perhaps_twice")

        await school.outbox.transact(change)
        assert await school.rows("select state, day, meal, utc_ns from meal order by number") == [
            (State.REVERSED, MONDAY, "lunch", 1_000),
            (State.GRANTED, MONDAY, "supper", 7),
            (State.DAY_UNKNOWN, "", "lunch", 1_000),
            (State.NOT_COUNTED, "", "lunch", 1_000),
        ]
        assert [(one["of"][-2:], one["counted"], one["reason"]) for one in await school.said("meal.dated")] == [
            *[("/2", True, ""), ("/3", True, ""), ("/4", False, "perhaps_twice")]
        ]
        assert await school.outbox.transact(lambda work: len(meal_rows.without_day(work, key(3)))) == 1
        between = await school.outbox.transact(
            lambda work: [meal_rows.stands_between(work, key(2), *days) for days in [("", MONDAY), (MONDAY, MONDAY)]]
        )
        assert between == [True, True]
        assert not await school.outbox.transact(lambda work: meal_rows.stands_between(work, key(3), "", "2099-01-01"))


WAITING = 3_000


READS: dict[str, Callable[[Transaction], object]] = {
    "a pupil's of this boot": lambda transaction: meal_rows.undated_of(transaction, "boot", key(1)),
    "this boot's": lambda transaction: meal_rows.undated(transaction, "another", 100),
    "earlier boots'": lambda transaction: meal_rows.undated_before(transaction, "another", 10),
    "the latest day": lambda transaction: meal_rows.latest_day(transaction),
    "the latest day before one": lambda transaction: meal_rows.latest_day(transaction, WAITING),
}


@pytest.mark.parametrize("name", READS)
async def test_after_weeks_without_a_clock_nothing_reads_all_that_waits(tmp_path: Path, name: str) -> None:
    """A tap would wait for it."""
    async with canteen(tmp_path) as school:
        sql = (
            "insert into meal (pupil, day, meal, programme, tenge, utc_ns, boot, monotonic_ns, reader, leaf) "
            "values (?, '', 'lunch', 'free', 850, 1, 'boot', ?, 'canteen-1', 'x')"
        )
        rows = [(key(number), number) for number in range(WAITING)]
        await school.outbox.transact(lambda transaction: transaction.db.executemany(sql, rows) and None)
        assert await school.steps(READS[name]) < 20
