"""Old rows go after two months, a piece at a time, and never by a clock that is not trusted."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school import forgetting, passage_rows, visit_rows
from agent.school.purpose import Way
from drivers.readings import Light
from tests.agent.school.canteen import MONDAY, Canteen, canteen, key
from tests.agent.school.doorway import ASEL, Doorway, stamp, utc_ns
from tests.agent.school.doorway import MONDAY as TODAY

DAY_NS = 86_400 * 1_000_000_000


async def fill(school: Canteen, days: int, count: int = 1, *, day: str | None = None, state: int = 0) -> None:
    """Meals, so many days old by their day and time; a day of '' is not known."""
    if day is None:
        day = (date.fromisoformat(MONDAY) - timedelta(days=days)).isoformat()
    sql = (
        "insert into meal (pupil, day, meal, programme, tenge, state, utc_ns, boot, monotonic_ns, reader, leaf) "
        "values (?, ?, 'lunch', 'free', 850, ?, ?, 'b', 1, 'canteen-1', 'x')"
    )
    then_ns = school.clock.now_ns - days * DAY_NS

    def insert(work: Transaction) -> None:
        for number in range(count):
            work.execute(sql, (key(number + 100 * days), day, state, then_ns))

    await school.outbox.transact(insert)


async def left(school: Canteen) -> int:
    """Forget, and count what is left."""
    now = school.clock.now()
    await school.outbox.transact(lambda work: forgetting.tick(work, school.book, now, school.clock.boot_id))
    return int((await school.rows("select count(*) from meal"))[0][0])


@pytest.mark.parametrize(("days", "kept"), [(59, 1), (61, 0), (-2, 0)])
async def test_after_sixty_days(tmp_path: Path, days: int, kept: int) -> None:
    async with canteen(tmp_path) as school:
        await fill(school, days)
        assert await left(school) == kept


async def test_not_by_a_clock_that_is_not_trusted(tmp_path: Path) -> None:
    async with canteen(tmp_path, synced=False) as school:
        await fill(school, 700)
        assert await left(school) == 1


@pytest.mark.parametrize(("state", "kept"), [(0, 1), (1, 0), (2, 0), (3, 0)])
async def test_what_waits_for_its_day_stays_however_wrong_its_time(tmp_path: Path, state: int, kept: int) -> None:
    async with canteen(tmp_path) as school:
        await fill(school, 700, day="", state=state)
        assert await left(school) == kept


async def test_a_piece_at_a_time_and_then_not_before_tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "PIECE", 3)
    async with canteen(tmp_path) as school:
        await fill(school, 61, 7)
        await fill(school, 1, day=MONDAY)
        assert [await left(school) for _ in range(3)] == [5, 2, 1]
        await fill(school, 62)
        assert await left(school) == 2
        school.clock.advance(86_400)
        assert await left(school) == 1


async def test_a_clock_that_says_years_ahead_for_a_moment_takes_nobody_s_meal_of_today(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        assert await school.eats(1) is Light.ACCEPTED
        school.clock.now_ns += 4 * 365 * DAY_NS
        assert await left(school) == 1
        school.clock.now_ns -= 4 * 365 * DAY_NS
        school.clock.advance(60)
        assert await school.eats(1) is Light.REFUSED


async def test_what_the_centre_told_goes_by_its_day_whatever_the_clock_said_then(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await fill(school, -900, day=MONDAY)
        assert await left(school) == 1


async def test_a_school_year_is_not_read_for_it(tmp_path: Path) -> None:
    async with canteen(tmp_path) as school:
        await school.run("insert into fact (key, value) values (?, ?)", "meals/forgotten", b"")
        await fill(school, 1, 2 * forgetting.PIECE)
        tick = partial(forgetting.tick, book=school.book, now=school.clock.now(), boot=school.clock.boot_id)
        few = await school.steps(tick)
        await fill(school, 2, 4 * forgetting.PIECE)
        await school.run("update fact set value = ? where key = ?", b"", "meals/forgotten")
        assert await school.steps(tick) <= few + 2


# --- passages and visits ----------------------------------------------------------------------------------------------

NOW = Moment(utc_ns(f"{TODAY} 12:00"), 70 * DAY_NS, True)


def test_passages_go_after_two_months_and_so_do_those_of_a_false_future() -> None:
    door = Doorway()
    for day in ("2026-09-23", "2026-09-25", TODAY, "2031-01-01"):
        passage_rows.add(door.transaction, ASEL, Way.IN, day=day, reader="gate", at=stamp(f"{day} 12:00"))
    forgetting.passages(door.transaction, NOW, "another boot")
    assert [day for (day,) in door.rows("select day from passage order by number")] == ["2026-09-25", TODAY]


def test_visits_go_two_months_after_their_end_and_open_ones_stay() -> None:
    door = Doorway()
    for ago in (None, 61, 59, -2):
        visit_rows.begin(door.transaction, ASEL, "chess", "v-1", day="", reader="room-1", at=stamp("2026-01-01 12:00"))
        if ago is not None:
            number = door.rows("select max(number) from visit")[0][0]
            visit_rows.end(door.transaction, number, visit_rows.BY_TAP, NOW.utc_ns - ago * DAY_NS)
    forgetting.visits(door.transaction, NOW, "another boot")
    assert door.rows("select number from visit order by number") == [(1,), (3,)]


def test_what_this_boot_wrote_lately_stays_however_old_a_clock_that_jumped_makes_it() -> None:
    door = Doorway()
    for up_s in (5 * 86_400, 20 * 86_400):  # 65 and 50 days ago, by the steady clock
        at = stamp("2026-01-01 12:00", up_s=up_s, boot="this boot")
        passage_rows.add(door.transaction, ASEL, Way.IN, day="2026-01-01", reader="gate", at=at)
        visit_rows.begin(door.transaction, ASEL, "chess", "v-1", day="", reader="room-1", at=at)
    door.transaction.execute("update visit set state = 1, ended_ns = 1")
    forgetting.passages(door.transaction, NOW, "this boot")
    forgetting.visits(door.transaction, NOW, "this boot")
    assert (door.rows("select number from passage"), door.rows("select number from visit")) == ([(2,)], [(2,)])
