"""A full disk: nothing promised is lost, what may give way does and is recorded, the reserve is for records and alarms,
and all goes on by itself when there is space.

The disk is a tmpfs of a few megabytes; where nobody may mount one, a limit on the size of files shows the main thing.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.model import Lane, Place
from agent.outbox import troubles, upkeep, writer
from agent.outbox.outbox import Outbox
from agent.outbox.settings import MB, OutboxSettings
from tests.agent.outbox.box import card_of, events, fire, health, opened, records, tap, taps, until

DISK_BYTES = 12 * MB
BARE = OutboxSettings(ballast_mb=0, reserve_mb=1, telemetry_mb=2)
RESERVED = OutboxSettings(ballast_mb=1, reserve_mb=1, telemetry_mb=2)
MAY_MOUNT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "IDLE_S", 0.02)
    monkeypatch.setattr(writer, "FULL_RETRY_S", 0.02)
    monkeypatch.setattr(upkeep, "UPKEEP_S", 0.0)
    monkeypatch.setattr(upkeep, "DISK_LOOK_S", 0.0)
    monkeypatch.setattr(troubles, "STUCK_S", 0.1)


class SmallDisk:
    """A disk of its own, and a file of somebody else's that takes all that is left."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "outbox.db"
        self._filler = folder / "somebody-elses"

    def fill(self, leave_bytes: int = 0) -> None:
        state = os.statvfs(self.path.parent)
        size = state.f_bavail * state.f_frsize - leave_bytes
        with open(self._filler, "ab") as out:
            os.posix_fallocate(out.fileno(), out.tell(), size)

    def make_room(self) -> None:
        self._filler.unlink()


class Limit:
    """No file of this process may grow: the stand-in for a full disk."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "outbox.db"
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self, leave_bytes: int = 0) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, self._before[1]))

    def make_room(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


@contextmanager
def mounted(folder: Path) -> Iterator[SmallDisk]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], check=True)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    if not MAY_MOUNT:
        pytest.skip("only root may mount; the limit on file sizes stands in")
    with mounted(tmp_path / "disk") as small:
        yield small


@pytest.fixture(params=["limit", "disk"] if MAY_MOUNT else ["limit"])
def narrow(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk | Limit]:
    if request.param == "disk":
        with mounted(tmp_path / "disk") as small:
            yield small
        return
    limit = Limit(tmp_path)
    try:
        yield limit
    finally:
        limit.make_room()


def ask(outbox: Outbox, first: int, count: int) -> list[asyncio.Future[list[Place]]]:
    """Taps by a waiter each."""
    return [asyncio.ensure_future(outbox.accept([tap(number)])) for number in range(first, first + count)]


async def all_of(waiting: list[asyncio.Future[list[Place]]]) -> list[int]:
    places = await asyncio.wait_for(asyncio.gather(*waiting), 60)
    return [place.sequence for (place,) in places]


def codes(outbox: Outbox) -> list[str]:
    return [trouble.code for trouble in outbox.trouble()]


async def cards(outbox: Outbox) -> list[int]:
    return [card_of(event) for event in await events(outbox, Lane.RECORD) if event["type"].endswith("card.seen.v1")]


async def ask_until_full(outbox: Outbox, first: int) -> list[asyncio.Future[list[Place]]]:
    """Taps, a hundred after the other, until no more can be committed: the last ones wait."""
    waiting: list[asyncio.Future[list[Place]]] = []
    while "D-121" not in codes(outbox):
        latest = ask(outbox, first + len(waiting), 100)
        waiting += latest
        await until(lambda: all(one.done() for one in latest) or "D-121" in codes(outbox))  # noqa: B023
    return waiting


async def test_nothing_is_promised_nor_lost_while_the_disk_is_full(narrow: SmallDisk | Limit) -> None:
    async with opened(narrow.path, BARE) as outbox:
        await all_of(ask(outbox, 0, 40))
        narrow.fill()
        waiting = await ask_until_full(outbox, first=40)
        (full,) = [trouble for trouble in outbox.trouble() if trouble.code == "D-121"]
        assert "readers show wait" in full.what
        assert outbox.writer_answers(), "the watchdog is fed: a restart would not help"
        assert not all(one.done() for one in waiting)
        narrow.make_room()
        assert sorted(await all_of(waiting)) == list(range(42, 42 + len(waiting)))
        await until(lambda: codes(outbox) == [])
        assert sorted(await cards(outbox)) == list(range(40 + len(waiting)))
    async with opened(narrow.path, BARE) as outbox:
        assert sorted(await cards(outbox)) == list(range(40 + len(waiting)))
        assert await records(outbox, "salvaged") == []


async def test_what_was_promised_before_the_disk_was_full_can_still_be_sent(disk: SmallDisk) -> None:
    async with opened(disk.path, BARE) as outbox:
        await outbox.accept([fire(7)])
        await outbox.accept(taps(20))
        disk.fill()
        waiting = await ask_until_full(outbox, first=100)
        assert (await cards(outbox))[:20] == list(range(20))
        assert (await events(outbox, Lane.ALARM))[0]["data"]["zone"] == 7
        disk.make_room()
        await all_of(waiting)


async def test_the_ballast_carries_records_and_alarms_on_and_is_put_back(disk: SmallDisk) -> None:
    async with opened(disk.path, RESERVED) as outbox:
        ballast = disk.path.with_name("ballast")
        await until(ballast.exists)
        await outbox.accept(taps(10))
        disk.fill()
        waiting = [*ask(outbox, 100, 100), asyncio.ensure_future(outbox.accept([fire()]))]
        assert len(await all_of(waiting)) == 101
        waiting = await ask_until_full(outbox, first=200)
        assert len(waiting) > 200
        assert not ballast.exists()
        assert codes(outbox) == ["D-121", "D-125"]
        disk.make_room()
        await until(lambda: codes(outbox) == [] and ballast.exists())
        assert len(await all_of(waiting)) == len(waiting)


async def test_a_box_that_delivers_lives_on_with_a_full_disk(disk: SmallDisk) -> None:
    async with opened(disk.path, BARE) as outbox:
        for _ in range(30):
            await outbox.accept(taps(100))
        empty_the_log(disk.path)
        disk.fill(leave_bytes=300_000)  # the log needs some
        for _ in range(40):  # many times what is left
            outbox.settle(outbox.epoch, Lane.RECORD, 1, outbox.last(outbox.epoch, Lane.RECORD))
            assert len(await all_of(ask(outbox, 0, 200))) == 200
        assert outbox.last(outbox.epoch, Lane.RECORD) == 3001 + 8000
        assert await records(outbox, "loss") == []


def empty_the_log(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("pragma wal_checkpoint(truncate)").fetchone() == (0, 0, 0)
    connection.close()


async def test_telemetry_gives_way_with_a_loss_record_and_nothing_else_does(disk: SmallDisk) -> None:
    async with opened(disk.path, BARE) as outbox:
        for _ in range(180):
            await outbox.accept([health(10_000)])
        await outbox.accept([*taps(100), fire()])
        assert await records(outbox, "loss") == []
        disk.fill(leave_bytes=600_000)
        for _ in range(40):
            await asyncio.wait_for(outbox.accept([tap(), fire(), health(10_000)]), 60)
        losses = await records(outbox, "loss")
        assert {(loss["lane"], loss["reason"]) for loss in losses} == {("telemetry", "disk_full")}
        dropped = [number for loss in losses for number in range(loss["first"], loss["last"] + 1)]
        assert dropped == list(range(1, len(dropped) + 1))
        await until(lambda: outbox.settled(outbox.epoch, Lane.TELEMETRY) >= len(dropped))
        assert len(await cards(outbox)) == 140
        assert len(await events(outbox, Lane.ALARM)) == 41


async def test_an_agent_starts_on_a_full_disk_with_the_help_of_its_ballast(disk: SmallDisk) -> None:
    async with opened(disk.path, RESERVED) as outbox:
        await until(disk.path.with_name("ballast").exists)
        await outbox.accept(taps(10))
    disk.fill()
    async with opened(disk.path, RESERVED) as outbox:
        assert await cards(outbox) == list(range(10))
        assert (await asyncio.wait_for(outbox.accept([tap(10)]), 60))[0].sequence == 12
        assert codes(outbox) == ["D-125"]
        disk.make_room()
        await until(lambda: codes(outbox) == [])


async def test_without_any_space_it_says_so_and_harms_nothing(disk: SmallDisk) -> None:
    async with opened(disk.path, BARE) as outbox:
        await outbox.accept(taps(10))
    disk.fill()
    with pytest.raises(AgentError, match="cannot be opened") as refused:
        async with opened(disk.path, BARE):
            pass
    assert refused.value.code == "D-101"
    assert "has space" in refused.value.do
    disk.make_room()
    async with opened(disk.path, BARE) as outbox:
        assert await cards(outbox) == list(range(10))
        assert await records(outbox, "salvaged") == []


async def test_a_kill_on_a_full_disk_loses_nothing_promised(disk: SmallDisk) -> None:
    child = """
import asyncio, os, sys
from pathlib import Path
from tests.agent.outbox.box import opened, taps
from agent.outbox.settings import OutboxSettings
async def main():
    async with opened(Path(sys.argv[1]), OutboxSettings(ballast_mb=0, reserve_mb=1)) as outbox:
        for number in range(100_000):
            await outbox.accept(taps(40))
            os.write(1, b"%d\\n" % ((number + 1) * 40))
asyncio.run(main())
"""
    disk.fill(leave_bytes=2 * MB)
    with subprocess.Popen(
        [sys.executable, "-c", child, str(disk.path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    ) as agent:
        assert agent.stdout is not None
        promised = int(agent.stdout.readline())
        await until(lambda: os.statvfs(disk.path.parent).f_bavail * 4096 < 20_000, patience_s=60)
        agent.kill()
        promised = max([promised, *(int(line) for line in agent.stdout.read().split(b"\n")[:-1])])
    disk.make_room()
    async with opened(disk.path, BARE) as outbox:
        assert len(await cards(outbox)) >= promised > 1000
        assert await records(outbox, "salvaged") == []
