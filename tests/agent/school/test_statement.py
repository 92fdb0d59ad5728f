"""Statements: what they say, when they are due, and that two in a row cover every leaf once."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.ledger.merkle import EMPTY_ROOT
from agent.ledger.stored import Stored
from agent.model import Lane, Moment
from agent.outbox.group import Transaction
from agent.outbox.outbox import Outbox
from agent.school.calendar import LocalTime
from agent.school.statement import STATED, Stated, close_day, ended_day
from tests.agent.outbox.box import events, opened, records
from tests.agent.school.decisions import dated, forgotten, granted, reversed_, suspicion, visit

AT = Moment(1_795_446_000_000_000_000, 9, True)
VERSIONS = {"meals": "7"}


def at(text: str) -> LocalTime:
    moment = datetime.fromisoformat(text)
    return LocalTime(moment.date().isoformat(), moment.isoweekday(), moment.hour * 60 + moment.minute)


async def look(outbox: Outbox, text: str) -> bool:
    return await outbox.transact(lambda transaction: close_day(transaction, at(text), AT, VERSIONS))


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    """A box that has seen the end of Sunday."""
    async with opened(tmp_path / "outbox.db") as box:
        assert not await look(box, "2026-11-22 21:00")
        yield box


async def statements(outbox: Outbox) -> list[dict[str, Any]]:
    return await records(outbox, "ledger.statement")


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-23 19:59", "2026-11-22"),
        ("2026-11-23 20:00", "2026-11-23"),
        ("2026-11-24 00:00", "2026-11-23"),
        ("2027-01-01 08:00", "2026-12-31"),
    ],
)
def test_a_day_ends_at_eight_in_the_evening(now: str, day: str) -> None:
    assert ended_day(at(now)) == day


async def test_what_a_statement_says(outbox: Outbox) -> None:
    drafts = [granted(1), granted(2), granted(3, tenge=1100), forgotten(), reversed_(2), visit(1), suspicion()]
    await outbox.accept([*drafts, granted(4, day=""), dated(4), dated(5, counted=False), visit(2, counted=False)])
    before = await outbox.transact(_log)
    assert await look(outbox, "2026-11-23 20:00")
    (statement,) = await statements(outbox)
    lines = [tuple(line.values()) for line in statement.pop("lines")]
    assert lines == [
        ("dated", "2026-11-23", "free-1-4", 950, 1),
        ("forgotten", "2026-11-23", "", 0, 1),
        ("granted", "", "free-1-4", 950, 1),
        ("granted", "2026-11-23", "free-1-4", 950, 2),
        ("granted", "2026-11-23", "free-1-4", 1100, 1),
        ("not_counted", "2026-11-23", "free-1-4", 950, 1),
        ("reversed", "2026-11-23", "free-1-4", 950, 1),
        ("suspicion", "2026-11-23", "too_fast", 0, 1),
        ("visit", "2026-11-23", "chess", 1500, 1),
        ("visit_not_counted", "2026-11-23", "chess", 0, 1),
    ]
    assert statement == {
        "day": "2026-11-23", "first": 0, "end": before[0], "root_first": _text(EMPTY_ROOT), "root_end": before[1],
        "meals": 3, "meals_tenge": 950 * 3 + 1100 - 950 * 2, "visits": 1, "visits_tenge": 1500, "suspicions": 1,
        "record_last": outbox.last(outbox.epoch, Lane.RECORD) - 1, "datasets": VERSIONS,
    }  # fmt: skip


def _log(transaction: Transaction) -> tuple[int, str]:
    return transaction.log().size, _text(transaction.log().root())


def _text(root: bytes) -> str:
    return base64.b64encode(root).decode()


async def test_the_next_one_begins_behind_the_last(outbox: Outbox) -> None:
    await outbox.accept([granted(1)])
    assert await look(outbox, "2026-11-23 20:00")
    behind = await outbox.transact(_log)
    await outbox.accept([granted(2), granted(3)])
    assert await look(outbox, "2026-11-24 20:00")
    first, second = await statements(outbox)
    assert (first["first"], first["end"]) == (0, 2)
    assert (second["first"], second["root_first"]) == behind
    assert (second["first"], second["end"]) == (3, 5)
    leaves = [event.get("leaf") for event in await events(outbox, Lane.RECORD)]
    assert leaves == ["0", "1", "2", "3", "4", "5"]
    stored = await outbox.transact(lambda transaction: _text(Stored(transaction.execute, 1).root(5)))
    assert second["root_end"] == stored


LOOKS = [
    ("before the end", ["2026-11-23 19:59"], []),
    ("at the end", ["2026-11-23 20:00"], ["2026-11-23"]),
    ("once", ["2026-11-23 20:00", "2026-11-23 20:01", "2026-11-24 08:00"], ["2026-11-23"]),
    ("off in the evening", ["2026-11-24 07:30"], ["2026-11-23"]),
    ("off over the weekend", ["2026-11-30 07:30"], ["2026-11-29"]),
    ("the clock was set back", ["2026-11-23 20:00", "2026-11-22 21:00"], ["2026-11-23"]),
]


@pytest.mark.parametrize(("what", "looks", "days"), LOOKS)
async def test_when_a_statement_is_made(outbox: Outbox, what: str, looks: list[str], days: list[str]) -> None:
    await outbox.accept([granted(1)])
    for now in looks:
        await look(outbox, now)
    assert [statement["day"] for statement in await statements(outbox)] == days


async def test_nothing_counted_nothing_stated_and_the_day_is_over_all_the_same(outbox: Outbox) -> None:
    """Else the first meal of Monday would be in a statement of Sunday."""
    assert not await look(outbox, "2026-11-23 20:00")
    await outbox.accept([granted(1)])
    assert not await look(outbox, "2026-11-24 13:00")
    assert await look(outbox, "2026-11-24 20:00")


async def test_a_new_box_does_not_state_the_day_before_it_came(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.db") as outbox:
        await outbox.accept([granted(1)])
        assert not await look(outbox, "2026-11-23 13:00")
        assert await look(outbox, "2026-11-23 20:00")


async def test_a_day_that_a_wrong_clock_saw_does_not_stay(outbox: Outbox) -> None:
    await outbox.remember(STATED, msgspec.json.encode(Stated(day="2030-01-01")))
    await outbox.accept([granted(1)])
    assert await look(outbox, "2026-11-23 20:00")
    assert not await look(outbox, "2026-11-23 20:01")


async def test_a_new_epoch_begins_to_count_anew(outbox: Outbox) -> None:
    await outbox.accept([granted(1)])
    await look(outbox, "2026-11-23 20:00")
    await outbox.accept([granted(2)])
    await outbox.open_epoch("rewind")
    await outbox.accept([granted(3)])
    assert await look(outbox, "2026-11-24 20:00")
    (statement,) = await records(outbox, "ledger.statement")
    assert (statement["first"], statement["end"], statement["root_first"]) == (0, 2, _text(EMPTY_ROOT))
    assert [(line["kind"], line["count"]) for line in statement["lines"]] == [("granted", 1)]


async def test_a_statement_that_is_too_large_takes_nothing_away(outbox: Outbox) -> None:
    def fill(transaction: Transaction) -> None:
        for number in range(2_000):
            sql = "insert into tally (kind, day, what, tenge, count) values ('granted', '2026-11-23', ?, 1, 1)"
            transaction.execute(sql, (f"programme-{number}",))

    await outbox.transact(fill)
    with pytest.raises(ValueError, match="bytes"):
        await look(outbox, "2026-11-23 20:00")
    count = await outbox.transact(lambda transaction: transaction.execute("select count(*) from tally").fetchone()[0])
    assert count == 2_000


async def test_weeks_that_get_their_days_at_once_are_stated_before_they_are_too_many_for_one(outbox: Outbox) -> None:
    """More lines than an event can hold could never be stated at all."""
    drafts = [dated(number, tenge=number) for number in range(900)]
    made = []
    for first in range(0, 900, 100):
        await outbox.accept(drafts[first : first + 100])
        made.append(await look(outbox, "2026-11-23 12:00"))
    assert made == [False, False, True] * 3
    assert not await look(outbox, "2026-11-23 20:00")
    found = await statements(outbox)
    assert [(one["day"], one["first"], one["end"], len(one["lines"])) for one in found] == [
        ("2026-11-22", 0, 301, 300), ("2026-11-22", 302, 602, 300), ("2026-11-22", 603, 903, 300),
    ]  # fmt: skip
