"""A dying card does not let a child eat twice: what the rules remember is taken over, from rows or from events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent import db
from agent.model import Lane, Place
from agent.outbox import salvage
from agent.outbox.envelope import split
from agent.outbox.remembered import TABLES
from drivers.readings import Light
from tests.agent.outbox.box import rows
from tests.agent.school.canteen import MONDAY, OPERATOR_CARD, Canteen, canteen, key
from tests.clock import FastClock

PAGE = 4096
LEAF = 0x0D  # the first byte of a page with a table's rows
MEALS = "select pupil, day, meal, programme, tenge, state, boot, monotonic_ns, reader, leaf from meal order by leaf"


async def live(school: Canteen) -> None:
    """Meals of every fate, passages and a visit."""
    await school.eats(1)
    await school.eats(2)
    await school.shows(OPERATOR_CARD)
    await school.eats(2)
    school.clock.is_synced = False
    await school.eats(3)
    await school.eats(4)
    await school.shows(OPERATOR_CARD)
    await school.shows(OPERATOR_CARD)
    school.clock.is_synced = True
    await school.ticks()
    school.clock.is_synced = False
    await school.eats(5)
    await school.run(
        "insert into visit (pupil, club, voucher, day, reader, utc_ns, boot, monotonic_ns) "
        "values (?, 'chess', 'v', ?, 'club-1', 1, 'b', 2)",
        *(key(1), MONDAY),
    )
    await school.run(
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 400) "
        "insert into passage (pupil, day, way, reader, utc_ns, boot, monotonic_ns) "
        "select printf('%016x', i), '2026-09-07', 'in', 'gate-1', 1, 'b', i from n",
    )


def blank(path: Path, damaged: Callable[[Any], list[int]]) -> None:
    """Empty some pages of the file, as a card gives those that it has lost; and have it salvaged."""
    connection = db.connect(path)
    connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    numbers = damaged(connection)
    connection.close()
    content = bytearray(path.read_bytes())
    for number in numbers:
        content[(number - 1) * PAGE : number * PAGE] = bytes(PAGE)
    path.write_bytes(content)
    salvage.mark_damaged(path)
    salvage.mend(path, FastClock())


def of(*names: str) -> Callable[[Any], list[int]]:
    """The root pages of tables or indexes."""
    places = ", ".join("?" * len(names))
    return lambda connection: [
        page for (page,) in connection.execute(f"select rootpage from sqlite_master where name in ({places})", names)
    ]


def nothing(_connection: Any) -> list[int]:
    return []


@pytest.mark.parametrize("damaged", [nothing, of("meal_once", "meal_of_pupil"), of("meal"), of("passage", "visit")])
async def test_meals_are_remembered_whatever_is_lost(tmp_path: Path, damaged: Callable[[Any], list[int]]) -> None:
    path = tmp_path / "outbox.db"
    async with canteen(tmp_path) as school:
        await live(school)
    before = rows(path, MEALS)
    assert sorted(row[5] for row in before) == [0, 0, 0, 0, 0, 1]
    blank(path, damaged)
    assert rows(path, MEALS) == before
    async with canteen(tmp_path, time="11:50") as school:
        school.clock.up_ns = 10**14
        assert [await school.eats(pupil) for pupil in (1, 2, 3)] == [Light.REFUSED, Light.ACCEPTED, Light.REFUSED]


async def test_without_damage_every_row_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    async with canteen(tmp_path) as school:
        await live(school)
    before = {table: rows(path, f"select {columns} from {table}") for table, (columns, _) in TABLES.items()}
    assert [len(found) for found in before.values()] == [6, 1, 400]
    blank(path, nothing)
    assert {table: rows(path, f"select {columns} from {table}") for table, (columns, _) in TABLES.items()} == before


async def test_rows_are_read_from_either_end_of_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    async with canteen(tmp_path) as school:
        await live(school)

    def middle(_connection: Any) -> list[int]:
        content = path.read_bytes()
        pages = [content[at : at + PAGE] for at in range(0, len(content), PAGE)]
        holding = [number for number, page in enumerate(pages, 1) if page[0] == LEAF and b"gate-1" in page]
        assert len(holding) > 4
        return [holding[len(holding) // 2]]

    blank(path, middle)
    found = [number for (number,) in rows(path, "select number from passage order by number")]
    assert (found[0], found[-1]) == (1, 400)
    assert 300 < len(found) < 400


async def test_a_meal_of_every_fate_is_made_again_from_its_events(tmp_path: Path) -> None:
    """All fates, also those that take days: not counted, and counted without a day."""
    path = tmp_path / "outbox.db"
    async with canteen(tmp_path) as school:
        for boot in ("b", "c"):
            school.clock.boot_id, school.clock.is_synced = boot, False
            await school.eats(1)
        school.clock.boot_id, school.clock.is_synced = "d", True
        for day in ("2026-09-08", "2026-09-09"):
            school.at("08:00", day)
            await school.ticks()
        await school.outbox.open_epoch("rewind")
    before = rows(path, MEALS)
    assert [row[5] for row in before] == [3, 2]
    blank(path, of("meal"))
    # an event names the boot in which it was put; a box that changes it while it runs is a test's alone
    assert [row[:6] + row[8:] for row in rows(path, MEALS)] == [row[:6] + row[8:] for row in before]


async def test_an_event_that_was_issued_again_is_the_same_meal(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    async with canteen(tmp_path) as school:
        await school.eats(1)
        old = school.outbox.epoch
        await school.outbox.open_epoch("rewind")
        await school.outbox.transact(lambda work: _again(work, old))
        assert len(await school.said("meal.granted")) == 1
    before = rows(path, MEALS)
    blank(path, nothing)
    assert rows(path, MEALS) == before
    blank(path, of("meal"))
    assert rows(path, MEALS) == before


def _again(work: Any, epoch: str) -> None:
    sql = "select m.body from message m join epoch e on e.id = m.epoch where e.uuid = ?"
    for (body,) in work.execute(sql, (epoch,)).fetchall():
        for event in split(body):
            if b"meal.granted" in event:
                work.put_again(event, Place(epoch, Lane.RECORD, 2))
