"""Copies of damaged databases: how many stay, for how long, and that they give way where space is short."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

import pytest

from agent import db
from agent.clock import Clock
from agent.errors import AgentError
from agent.model import Lane
from agent.outbox import damaged_copies, salvage, upkeep, writer
from agent.outbox.checkpointer import Checkpointer
from agent.outbox.damaged_copies import KEPT, KEPT_NS, copies, forget_old, give_way, keep_latest, name_of
from agent.outbox.settings import MB, OutboxSettings
from tests.agent.outbox.box import health, opened, tap, until
from tests.clock import START_NS, FastClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def lay(database: Path, *ages_ns: int) -> list[Path]:
    """Copies of these ages, the oldest first; each with its log."""
    for number, age_ns in enumerate(ages_ns):
        copy = database.with_name(name_of(database, f"2026-{number}"))
        copy.with_name(copy.name + "-wal").write_bytes(b"log")
        copy.write_bytes(b"pages")
        os.utime(copy, ns=(START_NS - age_ns, START_NS - age_ns))
    return copies(database)


def left(database: Path) -> list[str]:
    return sorted(one.name for one in database.parent.iterdir() if "damaged" in one.name)


def test_the_latest_stay(path: Path) -> None:
    laid = lay(path, *range(KEPT + 2))
    keep_latest(path)
    assert copies(path) == laid[2:]
    assert len(left(path)) == 2 * KEPT, "each with its log"


def test_what_is_old_goes(path: Path) -> None:
    lay(path, KEPT_NS + 1, KEPT_NS, 0)
    forget_old(path, START_NS)
    assert len(copies(path)) == 2


def test_the_oldest_gives_way_and_nothing_else_does(path: Path) -> None:
    path.write_bytes(b"the database itself")
    oldest, newest = lay(path, 5, 1)
    assert give_way(path)
    assert (oldest.exists(), newest.exists()) == (False, True)
    assert give_way(path)
    assert not give_way(path)
    assert path.exists()


def test_one_that_was_cut_short_is_found_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy,) = lay(path, 1)
    monkeypatch.setattr(damaged_copies, "PARTS", ("-wal",))  # the power went after the log
    assert give_way(path)
    assert copies(path) == [copy]


async def test_a_running_agent_forgets_by_a_clock_that_is_trusted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "IDLE_S", 0.01)
    monkeypatch.setattr(upkeep, "UPKEEP_S", 0.0)
    lay(path, KEPT_NS + 1, 0)
    clock = FastClock(synced=False)
    async with opened(path, clock=clock) as outbox:
        turned_s = outbox._writer.turned_s
        await until(lambda: outbox._writer.turned_s > turned_s)
        assert len(copies(path)) == 2
        clock.is_synced = True
        await until(lambda: len(copies(path)) == 1)


async def test_copies_give_way_before_any_event_does(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is below the reserve; what is there of copies is more than enough."""
    monkeypatch.setattr(upkeep, "DISK_LOOK_S", 0.0)
    monkeypatch.setattr(upkeep, "_free_bytes", lambda database: 0 if copies(database) else 10**9)
    lay(path, 5, 1)
    async with opened(path, OutboxSettings(telemetry_mb=1, reserve_mb=64, ballast_mb=0)) as outbox:
        for _ in range(5):
            await outbox.accept([health(), tap()])
        assert copies(path) == []
        assert await outbox.kept(outbox.epoch, Lane.TELEMETRY, 1, 5) == 5


@pytest.mark.parametrize("until_gone", ["the copies", "the ballast"])
async def test_a_full_disk_gives_up_the_copies_before_the_ballast_at_the_start(
    path: Path, monkeypatch: pytest.MonkeyPatch, until_gone: str
) -> None:
    """And that the space set aside is in use is said only where it is."""
    ballast = path.with_name(upkeep.BALLAST)
    ballast.write_bytes(b"space")
    lay(path, 5, 1)
    mend = salvage.mend

    def starved() -> bool:
        return bool(copies(path)) or (until_gone == "the ballast" and ballast.exists())

    def mend_with_space(database: Path, clock: Clock) -> None:
        if starved():
            assert ballast.exists(), "it goes last"
            raise OSError(errno.ENOSPC, "No space left on device")
        mend(database, clock)

    monkeypatch.setattr(upkeep, "_free_bytes", lambda _: 0 if starved() else 20 * MB)
    monkeypatch.setattr(salvage, "mend", mend_with_space)
    async with opened(path, OutboxSettings(ballast_mb=16, reserve_mb=64)) as outbox:
        assert copies(path) == []
        assert ballast.exists() is (until_gone == "the copies")
        told = [one.code for one in outbox.trouble()]
    assert told == (["D-123"] if until_gone == "the copies" else ["D-125"])


async def test_a_start_that_fails_for_another_reason_costs_neither(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ballast = path.with_name(upkeep.BALLAST)
    ballast.write_bytes(b"space")
    laid = lay(path, 1)

    def fail(_path: Path, _clock: Clock) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(salvage, "mend", fail)
    with pytest.raises(AgentError, match="D-101"):
        async with opened(path):
            pass
    assert (copies(path), ballast.exists()) == (laid, True)


def test_a_dying_card_that_has_space_keeps_its_copies(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer asks for room at errors of writing, too; below the reserve they go, one by one."""
    laid = lay(path, 5, 1)
    keeper = upkeep.Upkeep(
        path, OutboxSettings(reserve_mb=64), FastClock(), Checkpointer(path), {}, lambda _lanes, _lost: None
    )
    with contextlib.closing(db.connect(path)) as connection:
        for free_bytes, left_over in ((64 * MB, laid), (64 * MB - 1, laid[1:]), (0, [])):
            monkeypatch.setattr(upkeep, "_free_bytes", lambda _, free_bytes=free_bytes: free_bytes)
            keeper.relieve(connection, lambda _work: None)
            assert copies(path) == left_over
