"""Old rows go after two months, a piece at a time, once a day, and never by a clock that is not trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.school import forgetting
from tests.agent.school.canteen import MONDAY, Canteen, canteen, key

DAY_NS = 86_400 * 1_000_000_000


async def fill(school: Canteen, days: int, count: int = 1) -> None:
    """Rows of all tables, so many days old."""
    at_ns = school.clock.now_ns - days * DAY_NS
    for number in range(count):
        await school.run(
            "insert into meal (pupil, day, meal, programme, tenge, utc_ns, boot, monotonic_ns, reader, leaf) "
            "values (?, '', 'lunch', 'free', 850, ?, 'b', 1, 'canteen-1', 'x')",
            *(key(number), at_ns),
        )
        await school.run(
            "insert into passage (pupil, day, way, reader, utc_ns, boot, monotonic_ns) "
            "values (?, ?, 'in', 'gate-1', ?, 'b', 1)",
            *(key(number), MONDAY, at_ns),
        )
        await school.run(
            "insert into visit (pupil, club, voucher, day, reader, utc_ns, boot, monotonic_ns) "
            "values (?, 'chess', 'v', ?, 'club-1', ?, 'b', 1)",
            *(key(number), MONDAY, at_ns),
        )


async def left(school: Canteen) -> list[int]:
    return [(await school.rows(f"select count(*) from {table}"))[0][0] for table in forgetting.TABLES]


async def forget(school: Canteen) -> None:
    now = school.clock.now()
    await school.outbox.transact(lambda work: forgetting.tick(work, school.book, now, school.clock.boot_id))


@pytest.mark.parametrize(("days", "kept"), [(59, 1), (61, 0)])
async def test_after_sixty_days(tmp_path: Path, days: int, kept: int) -> None:
    async with canteen(tmp_path) as school:
        await fill(school, days)
        await forget(school)
        assert await left(school) == [kept] * 3


async def test_not_by_a_clock_that_is_not_trusted(tmp_path: Path) -> None:
    async with canteen(tmp_path, synced=False) as school:
        await fill(school, 700)
        await forget(school)
        assert await left(school) == [1] * 3


async def test_a_piece_at_a_time_and_then_not_before_tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "PIECE", 3)
    async with canteen(tmp_path) as school:
        await fill(school, 61, 7)
        await fill(school, 1)
        for rest in (5, 2, 1):
            await forget(school)
            assert await left(school) == [rest] * 3
        await fill(school, 61)
        await forget(school)
        assert await left(school) == [2] * 3
        school.clock.advance(86_400)
        await forget(school)
        assert await left(school) == [1] * 3
