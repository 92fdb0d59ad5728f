"""A box's own database: what it still holds is checked whole, of the rest the hashes are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent.audit.audit import Report, audit
from agent.audit.box_database import BoxDatabase
from agent.audit.opening import open_source
from agent.audit.signed import trusted
from agent.audit.source import Source
from agent.errors import AgentError
from agent.events import draft
from agent.ledger.note import Checkpoint, base64_text, sign_note
from agent.ledger.origin import origin_of
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.outbox.outbox import LAST_CHECKPOINT, Outbox
from agent.school_events import Checkpoint as CheckpointEvent
from agent.school_events import MealGranted
from bench.ledger_year import KEY
from tests.agent.outbox.box import AT, SCHOOL, health, opened, tap

DEARER = "update message set body = cast(replace(cast(body as text), '\"tenge\":745', '\"tenge\":746') as blob)"
_: Callable[..., Source] = BoxDatabase


def meal(number: int) -> MealGranted:
    return MealGranted(
        reader="canteen-1", pupil=f"{number:016x}", salt=f"{number:032x}", day="2026-11-23", meal="lunch",
        programme="free_1_4", tenge=745,
    )  # fmt: skip


async def sign(outbox: Outbox) -> str:
    """As the box does each hour."""
    log = await outbox.transact(lambda transaction: transaction.log())
    origin = origin_of(SCHOOL, outbox.epoch)
    note = sign_note(str(Checkpoint(origin, log.size, log.root())), origin, KEY)

    def put(transaction: Transaction) -> None:
        transaction.put(draft(CheckpointEvent(size=log.size, reason="hour", note=note), AT))
        transaction.remember(LAST_CHECKPOINT, note.encode())

    await outbox.transact(put)
    return note


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A thousand meals among other events, in two epochs."""
    path = tmp_path / "outbox.db"
    async with opened(path) as outbox:
        for first in range(0, 600, 100):
            await outbox.accept([draft(meal(first + number), AT) for number in range(100)] + [tap(first), health()])
        await sign(outbox)
        await outbox.open_epoch("conflict")
        await outbox.accept([draft(meal(1_000 + number), Moment(AT.utc_ns, number, True)) for number in range(400)])
        await sign(outbox)
    return path


def look(path: Path, school: str = "") -> Report:
    source = open_source(str(path), school)
    try:
        return audit(source, trusted(source.school, [base64_text(KEY.public)], source.keys, []))
    finally:
        source.close()


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql)


def test_a_sound_box(path: Path) -> None:
    report = look(path)
    assert report.findings == []
    assert [(log.leaves, log.vouched, log.hash_only) for log in report.logs] == [(601, 601, 0), (401, 401, 0)]
    assert [(month.month, month.meals) for month in report.months] == [("2026-11", 1_000)]
    assert {one.code for one in report.notes} == {"A-163"}  # nothing is stated yet


def test_events_that_the_box_has_dropped_leave_their_hashes(path: Path) -> None:
    change(path, "delete from message where epoch = 1 and lane = 1 and first < 300")
    report = look(path)
    assert report.findings == []
    assert [log.vouched for log in report.logs] == [601, 401]
    assert report.logs[0].hash_only > 200
    assert {one.code for one in report.notes} == {"A-163", "A-164"}


def test_a_changed_event_is_named(path: Path) -> None:
    change(path, f"{DEARER} where epoch = 2 and first = 2")
    found = [one for one in look(path).findings if one.code == "A-115"]
    assert [one.first for one in found] == list(range(1, 101))
    assert found[0].sequence == 2


def test_a_changed_hash_is_named(path: Path) -> None:
    change(path, "update tree set hash = zeroblob(32) where epoch = 1 and level = 0 and idx = 300")
    assert [(one.code, one.first) for one in look(path).findings] == [("A-116", 300)]


def test_leaves_that_were_cut_off(path: Path) -> None:
    change(path, "delete from tree where epoch = 2 and level = 0 and idx >= 350")
    change(path, "delete from message where epoch = 2 and last > 340")
    assert ("A-133", 401) in [(one.code, one.last + 1) for one in look(path).findings]


def test_rubbish_in_a_run_is_no_trouble_of_the_rest(path: Path) -> None:
    change(path, "update message set body = x'7b' where epoch = 2 and first = 2")
    report = look(path)
    assert (report.findings, report.logs[1].hash_only) == ([], 100)


def test_one_leaf(path: Path) -> None:
    source = open_source(str(path), "")
    log = source.logs[1]
    assert [getattr(log.leaf(index), "index", None) for index in (0, 300, 401)] == [0, 300, None]
    source.close()


async def test_a_box_that_has_signed_nothing(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    async with opened(path):
        pass
    with pytest.raises(AgentError, match="has signed nothing yet"):
        look(path)
    assert [one.code for one in look(path, SCHOOL).findings] == ["A-137"]


async def test_an_event_that_cannot_be_read_hides_none_of_its_neighbours(path: Path) -> None:
    before = held(path)
    sql = 'update message set body = cast(replace(cast(body as text), \'"leaf":"5"\', \'"leaf":5\') as blob)'
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(sql)
    assert [count - 1 for count in before] == held(path)


def held(path: Path) -> list[int]:
    """How many events of each epoch can be read."""
    source = open_source(str(path), SCHOOL)
    try:
        return [sum(1 for _ in log._events()) for log in source.logs]  # type: ignore[attr-defined]
    finally:
        source.close()
