"""The writer: one commit for a crowd, an answer only after it, each member alone in failing, and what is waited out."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agent import db
from agent.model import Lane, Place
from agent.outbox import writer as writer_file
from agent.outbox.envelope import Envelope
from agent.outbox.group import Numbering, Row, Transaction
from agent.outbox.writer import GROUP_MEMBERS, Member, Work, Writer
from tests.agent.outbox.box import fire, holding, rows, tap, taps, until
from tests.clock import FastClock

EPOCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
PATIENT_S = 30


class Gated(sqlite3.Connection):
    """A connection whose commits wait for a gate, and fail as told."""

    gate = threading.Event()
    commits = 0
    faults: list[sqlite3.Error]

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if sql == "commit":
            assert self.gate.wait(PATIENT_S)
            if self.faults:
                raise self.faults.pop(0)
            self.commits += 1
        return super().execute(sql, *args)


class Keeper:
    """Upkeep that only remembers."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.relieved = 0
        self.idle_work: Work | None = None
        self.idled = 0

    def begun(self) -> None: ...

    def before_commit(self, transaction: Transaction) -> None: ...

    def committed(self, rows: list[Row], numberings: list[Numbering]) -> None:
        self.rows += rows

    def busy(self, db: sqlite3.Connection) -> None: ...

    def idle(self, db: sqlite3.Connection, alone: Callable[[Work], Any]) -> bool:
        self.idled += 1
        work, self.idle_work = self.idle_work, None
        return bool(alone(work)) if work else False

    def relieve(self, db: sqlite3.Connection, alone: Callable[[Work], Any]) -> None:
        self.relieved += 1


class Desk:
    """A writer on a real file, and how to hand it work."""

    def __init__(self, path: Path) -> None:
        db.connect(path).close()
        self.path = path
        self.db = sqlite3.connect(path, factory=Gated, isolation_level=None, check_same_thread=False, timeout=0)
        self.db.faults = []
        self.db.gate = threading.Event()
        self.db.gate.set()
        self.db.execute("insert into epoch (uuid, opened_ns, reason) values (?, 1, 'new')", (EPOCH,))
        envelopes = {lane: Envelope("school-07", EPOCH, lane, "boot") for lane in Lane}
        self.keeper = Keeper()
        self.delivered = 0
        self.failure: list[BaseException] = []
        loop = asyncio.get_running_loop()
        numbering = Numbering(1, EPOCH, envelopes, dict.fromkeys(Lane, 0))
        self.writer = Writer(self.db, numbering, FastClock(), loop, self.keeper, self._count, self.failure.append)

    def ask(self, work: Callable[[Transaction], Any]) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.writer.submit(Member(work, future, 1))
        return future

    def put(self, number: int = 0) -> asyncio.Future[Place]:
        return self.ask(lambda transaction: transaction.put(tap(number)))

    def sequences(self) -> list[tuple[int, int]]:
        """The runs as another connection sees them."""
        return [(first, last) for first, last in rows(self.path, "select first, last from message order by first")]

    def fail(self, code: int, times: int = 1) -> None:
        for _ in range(times):
            error = sqlite3.OperationalError("as told")
            error.sqlite_errorcode = code
            self.db.faults.append(error)

    def _count(self, size: int) -> None:
        self.delivered += size


@pytest.fixture
async def desk(tmp_path: Path) -> Any:
    made = Desk(tmp_path / "outbox.db")
    yield made
    made.db.gate.set()
    if made.writer.alive():
        await asyncio.to_thread(made.writer.stop)
    made.db.close()


async def soon(answer: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(answer, PATIENT_S)


# --- one commit for a crowd --------------------------------------------------------------------------------------


async def test_a_crowd_shares_one_commit(desk: Desk) -> None:
    waiting = [desk.put(number) for number in range(300)]
    desk.writer.start()
    places = await soon(asyncio.gather(*waiting))
    assert [place.sequence for place in places] == list(range(1, 301))
    assert desk.db.commits == 1
    assert desk.delivered == 300


async def test_a_group_is_bounded_and_the_rest_comes_next(desk: Desk) -> None:
    waiting = [desk.put() for _ in range(GROUP_MEMBERS + 1)]
    desk.writer.start()
    await soon(asyncio.gather(*waiting))
    assert desk.db.commits == 2


async def test_who_comes_during_a_commit_shares_the_next(desk: Desk) -> None:
    desk.db.gate.clear()
    first = desk.put()
    desk.writer.start()
    await until(lambda: desk.db.in_transaction)
    crowd = [desk.put() for _ in range(50)]
    desk.db.gate.set()
    await soon(asyncio.gather(first, *crowd))
    assert desk.db.commits == 2
    assert desk.sequences() == [(1, 1), (2, 51)]


# --- an answer only after the commit ------------------------------------------------------------------------------


async def test_nobody_is_answered_before_the_commit(desk: Desk) -> None:
    desk.db.gate.clear()
    waiting = [desk.put(), desk.put()]
    desk.writer.start()
    await until(lambda: desk.db.in_transaction)
    assert desk.sequences() == []
    assert not any(future.done() for future in waiting)
    desk.db.gate.set()
    await soon(asyncio.gather(*waiting))
    assert desk.sequences() == [(1, 2)]


async def test_the_answer_finds_the_row_on_the_disk(desk: Desk) -> None:
    desk.writer.start()
    for number in range(1, 20):
        await soon(desk.put())
        assert desk.sequences()[-1] == (number, number)


async def test_who_gives_up_waiting_undoes_nothing_and_hurts_nobody(desk: Desk) -> None:
    desk.db.gate.clear()
    gone, other = desk.put(1), desk.put(2)
    desk.writer.start()
    gone.cancel()
    desk.db.gate.set()
    assert (await soon(other)).sequence == 2
    assert desk.sequences() == [(1, 2)]


async def test_stopping_commits_what_waits(desk: Desk) -> None:
    desk.writer.start()
    waiting = [desk.put() for _ in range(20)]
    await asyncio.to_thread(desk.writer.stop)
    assert desk.sequences()[-1][1] == 20
    await soon(asyncio.gather(*waiting))
    assert not desk.writer.alive()


# --- alone in failing ---------------------------------------------------------------------------------------------


def raising(error: Exception) -> Callable[[Transaction], Any]:
    def work(transaction: Transaction) -> None:
        transaction.put(tap(666))
        raise error

    return work


def sql(statement: str) -> Callable[[Transaction], Any]:
    return lambda transaction: transaction.execute(statement)


FAULTS = [
    ("its own exception", raising(RuntimeError("mine")), RuntimeError),
    ("a value that is too large", raising(ValueError("large")), ValueError),
    ("a broken rule of a table", sql("insert into fact (key, value) values (null, x'00')"), sqlite3.IntegrityError),
    ("a table that is not there", sql("select * from nowhere"), sqlite3.OperationalError),
    ("a statement that is none", sql("selekt"), sqlite3.OperationalError),
    ("a value of another type", sql("insert into fact (key, value) values ('a', 'text')"), sqlite3.IntegrityError),
]


@pytest.mark.parametrize(("work", "error"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
async def test_a_member_fails_alone(desk: Desk, work: Callable[[Transaction], Any], error: type[Exception]) -> None:
    before, bad, after = desk.put(1), desk.ask(work), desk.put(2)
    desk.writer.start()
    assert [(await soon(before)).sequence, (await soon(after)).sequence] == [1, 2]
    with pytest.raises(error):
        await soon(bad)
    assert desk.db.commits == 1
    assert desk.sequences() == [(1, 2)]
    assert (await soon(desk.put(3))).sequence == 3
    assert desk.failure == []


# --- what is waited out -------------------------------------------------------------------------------------------


def again(kind: str) -> list[int]:
    codes = {"locked": writer_file.BUSY_CODES, "full": writer_file.FULL_CODES}
    return sorted(codes[kind])


@pytest.mark.parametrize(("code", "reason"), [(code, kind) for kind in ("locked", "full") for code in again(kind)])
async def test_a_lock_and_a_full_disk_are_waited_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, code: int, reason: str
) -> None:
    monkeypatch.setattr(writer_file, "FULL_RETRY_S", 0.01)
    desk.fail(code, times=3)
    seen: set[str] = set()
    waiting = [desk.put(1), desk.ask(raising(RuntimeError("mine"))), desk.put(2)]
    desk.writer.start()

    def watched() -> bool:
        stuck = desk.writer.stuck
        seen.update({stuck.reason} if stuck else set())
        return all(future.done() for future in waiting)

    await until(watched)
    assert isinstance(waiting[1].exception(), RuntimeError)
    assert [waiting[0].result().sequence, waiting[2].result().sequence] == [1, 2]
    assert desk.sequences() == [(1, 2)]
    assert seen == {reason}
    assert desk.writer.stuck is None
    assert desk.keeper.relieved == (3 if reason == "full" else 0)


async def test_stuck_keeps_the_moment_it_began_and_the_thread_turns(desk: Desk) -> None:
    desk.writer.start()
    with holding(desk.path, "begin immediate"):
        waiting = desk.put()
        await until(lambda: desk.writer.stuck)
        stuck, turned_s = desk.writer.stuck, desk.writer.turned_s
        await until(lambda: desk.writer.turned_s > turned_s)
        assert desk.writer.stuck == stuck
        assert not waiting.done()
    assert (await soon(waiting)).sequence == 1
    assert desk.writer.stuck is None


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY])
async def test_damage_ends_the_writer_and_everybody_is_told(desk: Desk, code: int) -> None:
    desk.fail(code)
    desk.db.gate.clear()
    first = desk.put()
    desk.writer.start()
    await until(lambda: desk.db.in_transaction)
    later = desk.put()
    desk.db.gate.set()
    for waiting in (first, later):
        with pytest.raises(sqlite3.Error, match="as told"):
            await soon(waiting)
    await until(lambda: desk.failure)
    assert not desk.writer.alive()
    assert desk.sequences() == []


async def test_stopping_does_not_wait_for_ever_for_a_lock(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_file, "STOP_S", 0.1)
    desk.writer.start()
    with holding(desk.path, "begin immediate"):
        waiting = desk.put()
        await until(lambda: desk.writer.stuck)
        await asyncio.wait_for(asyncio.to_thread(desk.writer.stop), PATIENT_S)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await soon(waiting)
    assert desk.sequences() == []


async def test_damage_that_a_member_meets_is_not_its_own(desk: Desk) -> None:
    def work(transaction: Transaction) -> None:
        raise _damage()

    waiting = [desk.put(), desk.ask(work)]
    desk.writer.start()
    for one in waiting:
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            await soon(one)
    await until(lambda: desk.failure)


def _damage() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


async def test_a_fault_of_upkeep_that_passes_does_not_end_the_writer(desk: Desk) -> None:
    desk.writer.start()
    desk.fail(sqlite3.SQLITE_BUSY)
    desk.keeper.idle_work = lambda transaction: transaction.put(fire())
    await until(lambda: desk.keeper.idle_work is None and not desk.db.faults)
    assert (await soon(desk.put())).sequence == 1
    assert desk.sequences() == [(1, 1)]


async def test_work_done_alone_commits_and_is_counted(desk: Desk) -> None:
    desk.keeper.idle_work = lambda transaction: [transaction.put(one) for one in taps(3)]
    desk.writer.start()
    await until(lambda: desk.keeper.rows)
    assert [(row.first, row.last) for row in desk.keeper.rows] == [(1, 3)]
    assert desk.writer.numbering.last[Lane.RECORD] == 3


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_file, "IDLE_S", 0.02)
