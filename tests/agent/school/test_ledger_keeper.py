"""Checkpoints: when they are signed, that each continues the last, and that an altered log is not signed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.book import EMPTY
from agent.db import connect_reader
from agent.ledger.note import Checkpoint, Kind, PrivateKey, Verifier, open_checkpoint
from agent.ledger.origin import origin_of
from agent.ledger.proof import LeafProof
from agent.outbox import salvage
from agent.outbox.ledger_view import ledger_view
from agent.outbox.outbox import LAST_CHECKPOINT, Outbox
from agent.school.ledger_keeper import FILE, LedgerKeeper
from tests.agent.outbox.box import SCHOOL, opened, records, rows
from tests.agent.school.decisions import granted
from tests.clock import START_NS, FastClock

KEY = PrivateKey(bytes(range(32)))
HOUR_S = 3_600
EVENING_NS = START_NS + 7 * HOUR_S * 1_000_000_000  # 20:00 in Kazakhstan


class Box:
    """An outbox with its keeper, on a clock that the test moves."""

    def __init__(self, folder: Path, outbox: Outbox, clock: FastClock) -> None:
        self.outbox, self.clock, self.database = outbox, clock, folder / "outbox.db"
        self.keeper = LedgerKeeper(
            outbox, SCHOOL, KEY, clock, database=self.database, book=lambda: EMPTY, versions=lambda: {"meals": "7"}
        )

    async def checkpoints(self) -> list[tuple[str, Checkpoint]]:
        """Why, and what: of the current epoch, each opened with the box's public key."""
        origin = origin_of(SCHOOL, self.outbox.epoch)
        log = Verifier(origin, Kind.LOG, KEY.public)
        found = await records(self.outbox, "ledger.checkpoint")
        return [(one["reason"], open_checkpoint(one["note"], origin, [log])) for one in found]

    async def reasons(self) -> list[tuple[str, int]]:
        return [(reason, one.size) for reason, one in await self.checkpoints()]

    async def root(self) -> bytes:
        return await self.outbox.transact(lambda transaction: transaction.log().root())

    def codes(self) -> list[str]:
        return [trouble.code for trouble in self.keeper.trouble()]


@contextlib.asynccontextmanager
async def box(folder: Path, clock: FastClock | None = None) -> AsyncIterator[Box]:
    clock = clock or FastClock()
    async with opened(folder / "outbox.db", clock=clock) as outbox:
        yield Box(folder, outbox, clock)


async def test_at_the_start_it_signs_what_is_there(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.outbox.accept([granted(1)])
        await one.keeper.look()
        ((reason, checkpoint),) = await one.checkpoints()
        assert (reason, checkpoint.size, checkpoint.root) == ("start", 2, await one.root())
        (event,) = await records(one.outbox, "ledger.checkpoint")
        assert event["size"] == 2
        assert await one.outbox.recall(LAST_CHECKPOINT) == event["note"].encode() == (tmp_path / FILE).read_bytes()
        assert one.codes() == []


async def test_each_hour_if_the_log_grew(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.keeper.look()
        for meals in (0, 1, 0, 2):
            await one.outbox.accept([granted(number) for number in range(meals)])
            one.clock.advance(HOUR_S - 1)
            await one.keeper.look()
            one.clock.advance(1)
            await one.keeper.look()
        assert await one.reasons() == [("hour", 2), ("hour", 4)]


async def test_after_each_statement_and_it_covers_it(tmp_path: Path) -> None:
    async with box(tmp_path, FastClock(EVENING_NS - 1_000_000_000)) as one:
        await one.keeper.look()
        await one.outbox.accept([granted(1)])
        await one.keeper.look()
        one.clock.advance(1)
        await one.keeper.look()
        await one.keeper.look()
        (statement,) = await records(one.outbox, "ledger.statement")
        assert (statement["day"], statement["end"], statement["datasets"]) == ("2026-11-23", 2, {"meals": "7"})
        assert await one.reasons() == [("day", 3)]


async def test_while_the_clock_is_not_trusted_no_day_ends(tmp_path: Path) -> None:
    async with box(tmp_path, FastClock(EVENING_NS - 1_000_000_000)) as one:
        await one.keeper.look()
        await one.outbox.accept([granted(1)])
        one.clock.is_synced = False
        one.clock.advance(30 * HOUR_S)
        await one.keeper.look()
        assert await one.reasons() == [("hour", 2)]
        one.clock.is_synced = True
        await one.keeper.look()
        (statement,) = await records(one.outbox, "ledger.statement")
        assert statement["day"] == "2026-11-24"


async def test_at_the_end_and_only_if_there_is_something(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.keeper.finish()  # it never began: nothing is signed that was not compared
        await one.keeper.look()
        await one.keeper.finish()
        await one.outbox.accept([granted(1)])
        await one.keeper.finish()
        await one.keeper.finish()
        assert await one.reasons() == [("stop", 2)]


async def test_every_checkpoint_continues_the_one_before(tmp_path: Path) -> None:
    clock = FastClock()
    for number in range(3):
        async with box(tmp_path, clock) as one:
            await one.keeper.look()
            await one.outbox.accept([granted(10 * number + more) for more in range(number + 2)])
            await one.keeper.finish()
    async with box(tmp_path, clock) as one:
        signed = [checkpoint for _, checkpoint in await one.checkpoints()]
        assert [checkpoint.size for checkpoint in signed] == [3, 6, 10]
        with ledger_view(one.database) as view:
            assert [view.log.root(checkpoint.size) for checkpoint in signed] == [one.root for one in signed]


async def test_a_checkpoint_that_the_power_took_between_file_and_event_is_sent_at_the_start(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.outbox.accept([granted(1)])
        await one.keeper.look()
        before = await one.outbox.recall(LAST_CHECKPOINT)
        await one.outbox.accept([granted(2)])
        await one.keeper.finish()
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as db, db:  # its last commit never came to the disk
        db.execute("delete from message where last = (select max(last) from message)")
        db.execute("update fact set value = ? where key = ?", (before, LAST_CHECKPOINT))
    filed = (tmp_path / FILE).read_bytes()
    async with box(tmp_path) as one:
        await one.keeper.look()
        assert await one.reasons() == [("start", 2), ("start", 3)]
        assert await one.outbox.recall(LAST_CHECKPOINT) == filed == (tmp_path / FILE).read_bytes()
        assert one.codes() == []


async def test_a_file_that_is_behind_does_not_hide_what_was_signed(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.outbox.accept([granted(1)])
        await one.keeper.look()
        old = (tmp_path / FILE).read_bytes()
        await one.outbox.accept([granted(2)])
        await one.keeper.finish()
        newest = await one.outbox.recall(LAST_CHECKPOINT)
        await one.outbox.transact(lambda transaction: transaction.execute("delete from tree where idx = 2"))
    (tmp_path / FILE).write_bytes(old)
    async with box(tmp_path) as one:
        await one.keeper.look()
        assert one.codes() == ["A-121"]
        assert newest is not None
        assert (await records(one.outbox, "epoch.opened"))[-1]["checkpoint"] == newest.decode()


async def test_a_meal_is_proven_by_a_file(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.outbox.accept([granted(number) for number in range(9)])
        await one.keeper.look()
        origin = origin_of(SCHOOL, one.outbox.epoch)
        with ledger_view(one.database) as view:
            proof = LeafProof(index=5, path=tuple(view.log.inclusion(10, 5)), checkpoint=view.checkpoint)
            proof.verify(view.log.leaf(5), origin, [Verifier(origin, Kind.LOG, KEY.public)])


async def grown(folder: Path, keep_copy_at: int = 0) -> Path:
    """A box that signed a log of 6; beside it a copy of its database as it was with fewer leaves."""
    copy = folder / "copy.db"
    async with box(folder) as one:
        for number in range(5):
            if number == keep_copy_at:
                await one.keeper.look()
                await one.keeper.finish()
                with closing(connect_reader(one.database)) as source, closing(sqlite3.connect(copy)) as target:
                    source.backup(target)
            await one.outbox.accept([granted(number)])
        await one.keeper.look()
        await one.keeper.finish()
    return copy


async def started_again(folder: Path) -> tuple[str, list[str], list[tuple[str, int]], dict[str, Any]]:
    """The epoch at the start, then what the keeper found: codes, checkpoints, the first leaf."""
    async with box(folder) as one:
        before = one.outbox.epoch
        await one.keeper.look()
        await one.outbox.accept([granted(99)])
        await one.keeper.finish()
        opened_by = await records(one.outbox, "epoch.opened")
        return before, one.codes(), await one.reasons(), opened_by[0]


async def test_started_again_it_goes_on(tmp_path: Path) -> None:
    await grown(tmp_path)
    before, codes, reasons, first = await started_again(tmp_path)
    assert (codes, reasons[-1], first["epoch"]) == ([], ("stop", 7), before)


async def test_a_database_from_a_copy_signs_nothing_of_the_old_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy = await grown(tmp_path, keep_copy_at=2)
    last = (tmp_path / FILE).read_text()
    shutil.copy(copy, tmp_path / "outbox.db")
    before, codes, reasons, first = await started_again(tmp_path)
    assert codes == ["A-121"]
    assert reasons == [("stop", 2)]
    assert (first["before"], first["reason"], first["checkpoint"]) == (before, "rewind", last)
    assert first["epoch"] != before
    assert [record.levelno for record in caplog.records if record.name == "agent.ledger"] == [logging.CRITICAL]
    assert "it has 3 leaves, and 6 were signed" in caplog.text


async def test_a_copy_is_seen_again_if_the_power_goes_before_the_new_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await grown(tmp_path)
    async with box(tmp_path) as one:
        await one.outbox.open_epoch("rewind")
        await one.keeper.look()
        await one.outbox.accept([granted(7)])
        await one.keeper.finish()
    shutil.copy(old, tmp_path / "outbox.db")
    async with box(tmp_path) as one:
        await one.outbox.accept([granted(8)])

        async def power_cut(*_: object) -> str:
            raise OSError

        with monkeypatch.context() as patched:
            patched.setattr(one.outbox, "open_epoch", power_cut)
            await one.keeper.look()
    _, codes, reasons, first = await started_again(tmp_path)
    assert (codes, first["reason"], reasons[0]) == (["A-121"], "rewind", ("stop", 2))


async def test_a_copy_from_before_the_epoch_is_known_too(tmp_path: Path) -> None:
    copy = await grown(tmp_path, keep_copy_at=2)
    async with box(tmp_path) as one:
        await one.outbox.open_epoch("conflict")
        await one.keeper.look()
    shutil.copy(copy, tmp_path / "outbox.db")
    _, codes, reasons, _ = await started_again(tmp_path)
    assert (codes, reasons) == (["A-121"], [("stop", 2)])


ALTERED = [
    "update tree set hash = zeroblob(32) where level = 0 and idx = 3",
    "delete from tree where level = 0 and idx = 5",
    "delete from tree where level = 0 and idx = 2",
    "insert into tree (epoch, level, idx, hash) values (1, 1, 0, zeroblob(32))",
]


@pytest.mark.parametrize("sql", ALTERED)
async def test_a_log_that_was_altered_is_not_signed(tmp_path: Path, sql: str) -> None:
    """Also without the file: the database itself knows what was signed."""
    await grown(tmp_path)
    (tmp_path / FILE).unlink()
    async with box(tmp_path) as one:
        await one.outbox.transact(lambda transaction: transaction.execute(sql))
    _, codes, reasons, _ = await started_again(tmp_path)
    assert (codes, reasons) == (["A-121"], [("stop", 2)])


async def test_a_new_database_in_an_old_place_begins_quietly(tmp_path: Path) -> None:
    """Its first epoch has one leaf, and nothing of it was ever signed."""
    await grown(tmp_path)
    for file in tmp_path.glob("outbox.db*"):
        file.unlink()
    before, codes, _, first = await started_again(tmp_path)
    assert (codes, first["epoch"], first["reason"]) == ([], before, "new")
    async with box(tmp_path) as one:  # the power goes before anything of it is signed
        await one.outbox.accept([granted(1)])
    _, codes, _, first = await started_again(tmp_path)
    assert (codes, first["epoch"], first["reason"]) == ([], before, "new")


async def test_a_salvaged_database_whose_old_events_are_gone_begins_quietly(tmp_path: Path) -> None:
    """They were delivered and removed; the log's checkpoint was taken over, and a meal comes before the first look."""
    await grown(tmp_path)
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as db, db:
        db.execute("delete from message")
    salvage.mark_damaged(tmp_path / "outbox.db")
    async with box(tmp_path) as one:
        await one.outbox.accept([granted(1)])
    before, codes, _, first = await started_again(tmp_path)
    assert (codes, first["epoch"], first["reason"]) == ([], before, "damaged")


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"\xff", b"other.kz/log\n1\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 x AAAAAAA=\n"]
)
async def test_a_file_that_is_no_checkpoint_is_written_again(tmp_path: Path, content: bytes) -> None:
    await grown(tmp_path)
    (tmp_path / FILE).write_bytes(content)
    _, codes, reasons, _ = await started_again(tmp_path)
    assert (codes, reasons[-1]) == ([], ("stop", 7))
    assert b"\n7\n" in (tmp_path / FILE).read_bytes()


async def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / f".{FILE}.new").mkdir()
    async with box(tmp_path) as one:
        await one.outbox.accept([granted(1)])
        await one.keeper.look()
        assert await one.reasons() == [("start", 2)]
        assert not (tmp_path / FILE).exists()


async def test_what_fails_is_told_tried_again_and_heals(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.keeper.look()
        one.keeper._signer = Failing()
        await one.outbox.accept([granted(1)])
        one.clock.advance(HOUR_S)
        await one.keeper.look()
        assert one.codes() == ["A-122"]
        one.keeper._signer = KEY
        await one.keeper.look()
        assert (one.codes(), await one.reasons()) == ([], [("hour", 2)])


class Failing:
    public = KEY.public

    def sign(self, text: bytes) -> bytes:
        raise ValueError("no key")


async def test_an_epoch_opened_meanwhile_is_not_signed_for(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await one.keeper.look()
        await one.outbox.accept([granted(1)])
        await asyncio.gather(one.keeper.checkpoint("order"), one.outbox.open_epoch("conflict"))
        assert [reason for reason, _ in await one.reasons()] == []
        await one.outbox.accept([granted(2)])
        assert await one.keeper.checkpoint("order")
        assert await one.reasons() == [("order", 2)]


async def test_what_was_signed_is_on_the_disk_by_then(tmp_path: Path) -> None:
    async with box(tmp_path) as one:
        await asyncio.gather(one.keeper.look(), *(one.outbox.accept([granted(number)]) for number in range(50)))
        for _, checkpoint in await one.checkpoints():
            sql = "select count(*) from tree where level = 0 and idx < ?"
            assert rows(one.database, sql, checkpoint.size) == [(checkpoint.size,)]
