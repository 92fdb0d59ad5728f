"""What gives way when space is short, in which order, and what is recorded; what was delivered goes when it is old."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from agent import db
from agent.model import Lane
from agent.outbox import upkeep as upkeep_file
from agent.outbox import writer as writer_file
from agent.outbox.outbox import Outbox
from agent.outbox.settings import MB, OutboxSettings
from tests.agent.outbox.box import events, fire, health, opened, records, rows, tap, taps, until
from tests.clock import START_NS, FastClock

LITTLE = OutboxSettings(alarm_mb=1, record_mb=1, telemetry_mb=1, reserve_mb=1, ballast_mb=0, keep_days=7)
DAY_S = 86_400.0
Range = tuple[int, int]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Upkeep comes after hundredths of a second instead of seconds."""
    monkeypatch.setattr(writer_file, "IDLE_S", 0.01)
    monkeypatch.setattr(upkeep_file, "UPKEEP_S", 0.0)
    monkeypatch.setattr(upkeep_file, "DISK_LOOK_S", 0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


async def fill(outbox: Outbox, count: int, *, group: int = 1, size: int = 10_000) -> None:
    """Telemetry, `group` events a commit."""
    for _ in range(count // group):
        await outbox.accept([health(size)] * group)


async def lost(outbox: Outbox, lane: Lane = Lane.TELEMETRY) -> list[Range]:
    """The ranges of all loss records of a lane of this epoch; each must count itself right."""
    found = []
    for loss in await records(outbox, "loss"):
        assert loss["count"] == loss["last"] - loss["first"] + 1
        assert loss["epoch"] == outbox.epoch
        if loss["lane"] == lane.word:
            found.append((loss["first"], loss["last"]))
    return found


def numbers(ranges: list[Range]) -> list[int]:
    return [number for first, last in ranges for number in range(first, last + 1)]


async def kept(outbox: Outbox, lane: Lane = Lane.TELEMETRY) -> list[int]:
    after = outbox.settled(outbox.epoch, lane)
    return [int(event["sequence"]) for event in await events(outbox, lane, after=after)]


# --- dropping ------------------------------------------------------------------------------------------------------


async def test_the_oldest_telemetry_is_dropped_and_every_drop_is_recorded(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        await fill(outbox, 400)
        dropped, left = numbers(await lost(outbox)), await kept(outbox)
        assert sorted(dropped + left) == list(range(1, 401))
        assert dropped == list(range(1, len(dropped) + 1)), "the oldest, each told once"
        assert len(left) > 80
        assert outbox.state(Lane.TELEMETRY).bytes <= 1 * MB + 11_000
        assert {loss["reason"] for loss in await records(outbox, "loss")} == {"quota"}


async def test_one_loss_record_stands_for_many_events(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        await fill(outbox, 1500, group=10, size=1_000)
        ranges = await lost(outbox)
        assert len(numbers(ranges)) > 500
        assert len(ranges) < len(numbers(ranges)) / 20


async def test_a_lane_does_not_grow_faster_than_it_is_shed(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        await fill(outbox, 600, group=100, size=60_000)  # a hundred runs a commit
        assert outbox.state(Lane.TELEMETRY).bytes <= 1 * MB + 100 * 61_000, "the quota and the last commit"
        await turns(outbox)
        left = await kept(outbox)  # first: what is dropped between the two looks is then seen twice, not never
        dropped = numbers(await lost(outbox))
        assert {*dropped, *left} == {*range(1, 601)}
        assert len(dropped) == len(set(dropped))


async def test_alarms_and_records_are_never_dropped_and_being_too_many_is_told(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        for _ in range(30):
            await outbox.accept(taps(100) + [fire(zone) for zone in range(1, 101)])
        assert outbox.state(Lane.ALARM).bytes > 1 * MB
        assert outbox.state(Lane.RECORD).bytes > 1 * MB
        assert [trouble.code for trouble in outbox.trouble()] == ["D-126", "D-127"]
        assert len(await kept(outbox, Lane.ALARM)) == 3000
        assert len(await kept(outbox, Lane.RECORD)) == 3001
        assert await records(outbox, "loss") == []


async def test_delivered_telemetry_goes_before_owed_and_without_a_record(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        await fill(outbox, 90)
        outbox.settle(outbox.epoch, Lane.TELEMETRY, 1, 40)
        await fill(outbox, 40)
        assert await lost(outbox) == []
        assert await kept(outbox) == list(range(41, 131))


async def test_what_was_delivered_out_of_order_is_not_counted_as_lost(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        await fill(outbox, 90)
        for first, last in ((1, 3), (6, 7), (10, 10)):
            outbox.settle(outbox.epoch, Lane.TELEMETRY, first, last)
        await fill(outbox, 60)
        dropped = numbers(await lost(outbox))
        assert dropped[:5] == [4, 5, 8, 9, 11]
        assert not {1, 2, 3, 6, 7, 10} & set(dropped)
        assert sorted([*dropped, 1, 2, 3, 6, 7, 10, *await kept(outbox)]) == list(range(1, 151))


async def test_dropped_events_count_as_settled_also_after_a_restart(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        await fill(outbox, 200)
        await turns(outbox)
        end = max(numbers(await lost(outbox)))
        await until(lambda: outbox.settled(outbox.epoch, Lane.TELEMETRY) == end)
    async with opened(path, LITTLE) as outbox:
        assert outbox.settled(outbox.epoch, Lane.TELEMETRY) == end
        assert await kept(outbox) == list(range(end + 1, 201))
        outbox.settle(outbox.epoch, Lane.TELEMETRY, end + 1, 200)
        assert outbox.settled(outbox.epoch, Lane.TELEMETRY) == 200


async def test_telemetry_of_an_older_epoch_is_dropped_first(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        old = outbox.epoch
        await fill(outbox, 60)
        await outbox.open_epoch("rewind")
        await fill(outbox, 60)
        losses = await records(outbox, "loss")
        assert {loss["epoch"] for loss in losses} == {old}
        assert losses[0]["first"] == 1
        assert await kept(outbox) == list(range(1, 61))


async def test_a_disk_below_its_reserve_starves_telemetry_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = OutboxSettings(telemetry_mb=8, reserve_mb=64, ballast_mb=0)
    async with opened(path, settings) as outbox:
        await fill(outbox, 300, group=10)
        await outbox.accept(taps(300))
        assert await lost(outbox) == []
        monkeypatch.setattr(upkeep_file.Upkeep, "_look", lambda upkeep: 63 * MB)
        await fill(outbox, 10)
        assert outbox.state(Lane.TELEMETRY).bytes <= 1 * MB + 20_000 + 64 * 110_000
        await fill(outbox, 20)
        assert outbox.state(Lane.TELEMETRY).bytes <= 1 * MB + 20_000
        losses = await records(outbox, "loss")
        assert {(loss["lane"], loss["reason"]) for loss in losses} == {("telemetry", "disk_full")}
        assert len(await kept(outbox, Lane.RECORD)) == 301 + len(losses)
        assert [trouble.code for trouble in outbox.trouble()] == ["D-123"]


# --- removing what was delivered -----------------------------------------------------------------------------------


def held(path: Path, lane: Lane = Lane.RECORD) -> int:
    """How many events of a lane are on the disk."""
    ((count,),) = rows(path, "select coalesce(sum(last - first + 1), 0) from message where lane = ?", int(lane))
    return int(count)


async def turns(outbox: Outbox, count: int = 5) -> None:
    """Let upkeep come around a few times: what it has not removed then, it keeps."""
    for _ in range(count):
        turned_s = outbox._writer.turned_s
        await until(lambda turned_s=turned_s: outbox._writer.turned_s > turned_s)  # type: ignore[misc]


async def test_a_clock_that_nobody_vouches_for_makes_nothing_old(path: Path) -> None:
    """A box that wakes in 2040 keeps what the centre may ask for again, until somebody says what day it is."""
    clock = FastClock(synced=False)
    clock.prove(START_NS)
    async with opened(path, LITTLE, clock) as outbox:
        await outbox.accept(taps(50))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 51)
        clock.advance(5_000 * DAY_S)
        await turns(outbox)
        assert held(path) == 51
        clock.prove(START_NS + round(8 * DAY_S * 1e9))
        await until(lambda: held(path) == 0)


async def test_delivered_events_stay_keep_days_and_no_longer(path: Path) -> None:
    clock = FastClock()
    async with opened(path, LITTLE, clock) as outbox:
        await outbox.accept(taps(50))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 51)
        clock.advance(6.9 * DAY_S)
        await turns(outbox)
        assert held(path) == 51
        assert await outbox.kept(outbox.epoch, Lane.RECORD, 1, 51) == 51
        clock.advance(0.2 * DAY_S)
        await until(lambda: held(path) == 0)
        await until(lambda: outbox.state(Lane.RECORD).bytes == 0)  # counted after the commit
        assert (await outbox.accept([tap()]))[0].sequence == 52


async def test_numbers_go_on_when_every_event_is_removed(path: Path) -> None:
    async with opened(path, OutboxSettings(ballast_mb=0, reserve_mb=1, keep_days=0)) as outbox:
        epoch = outbox.epoch
        await outbox.accept(taps(5))
        outbox.settle(epoch, Lane.RECORD, 1, 6)
        await until(lambda: held(path) == 0)
    async with opened(path) as outbox:
        assert (outbox.epoch, outbox.last(epoch, Lane.RECORD)) == (epoch, 6)
        assert len(await records(outbox, "epoch.opened")) == 0
        assert (await outbox.accept([tap()]))[0].sequence == 7


async def test_owed_events_stay_for_ever(path: Path) -> None:
    clock = FastClock()
    async with opened(path, LITTLE, clock) as outbox:
        await outbox.accept(taps(5))
        await outbox.accept(taps(5))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 3)
        outbox.settle(outbox.epoch, Lane.RECORD, 8, 9)
        clock.advance(400 * DAY_S)
        await until(lambda: held(path) == 10)  # the run of the epoch's record alone is settled whole
        await turns(outbox)
        assert await kept(outbox) == []
        assert await kept(outbox, Lane.RECORD) == list(range(4, 12))


async def test_a_time_that_was_wrong_does_not_keep_events_for_years(path: Path) -> None:
    clock = FastClock(START_NS + round(4 * 365 * DAY_S * 1e9))
    async with opened(path, LITTLE, clock) as outbox:
        await outbox.accept(taps(3))
        clock.now_ns = START_NS  # the clock is set back from a false 2030
        await outbox.accept(taps(3))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 7)
        clock.advance(8 * DAY_S)
        await until(lambda: held(path) == 0)
        await until(lambda: outbox.state(Lane.RECORD).bytes == 0)  # counted after the commit


async def test_a_crowded_lane_gives_up_what_was_delivered_before_its_time(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        for _ in range(60):
            await outbox.accept(taps(100))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 4001)
        await until(lambda: outbox.state(Lane.RECORD).bytes < 1.2 * MB)
        assert await kept(outbox, Lane.RECORD) == list(range(4002, 6002))


async def test_bytes_are_those_of_the_disk_whatever_happened(path: Path) -> None:
    async with opened(path, LITTLE) as outbox:
        await fill(outbox, 150, group=3)
        await outbox.accept(taps(500))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 300)
        outbox.settle(outbox.epoch, Lane.TELEMETRY, 100, 120)
        await fill(outbox, 30)
        await turns(outbox)
        for lane in Lane:
            ((size,),) = rows(path, "select coalesce(sum(length(body)), 0) from message where lane = ?", int(lane))
            assert outbox.state(lane).bytes == size


async def test_freed_space_is_given_back_to_the_disk(path: Path) -> None:
    async with opened(path, OutboxSettings(ballast_mb=0, reserve_mb=1, keep_days=0)) as outbox:
        for _ in range(100):
            await outbox.accept(taps(100))
        outbox._checkpointer._wake.set()
        await until(lambda: path.stat().st_size > 4 * MB)
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 10_001)
        await until(lambda: held(path) == 0)

        pages = [rows(path, "pragma freelist_count")[0][0]]
        while pages[-1] > upkeep_file.SPARE_PAGES:
            await turns(outbox, 1)
            pages.append(rows(path, "pragma freelist_count")[0][0])
        assert len(pages) < 20, "a megabyte at a time"

        def shrunk() -> bool:
            outbox._checkpointer._wake.set()
            return path.stat().st_size < 2 * MB

        await until(shrunk)


async def test_pages_that_were_read_are_forgotten_in_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[sqlite3.Connection] = []
    monkeypatch.setattr(db.Forgetting, "look", lambda _, connection: looks.append(connection))
    async with opened(path) as outbox:
        await turns(outbox, 2)
        assert looks


async def test_on_a_low_disk_free_pages_stay_with_records_and_alarms(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep_file.Upkeep, "_look", lambda upkeep: 63 * MB)
    async with opened(path, OutboxSettings(ballast_mb=0, reserve_mb=64, keep_days=0)) as outbox:
        for _ in range(50):
            await outbox.accept(taps(100))
        outbox.settle(outbox.epoch, Lane.RECORD, 1, 5001)
        await until(lambda: held(path) == 0)
        await turns(outbox, 10)
        ((pages,),) = rows(path, "pragma freelist_count")
        assert pages > upkeep_file.SPARE_PAGES
        monkeypatch.setattr(upkeep_file.Upkeep, "_look", lambda upkeep: 64 * MB)
        await until(lambda: rows(path, "pragma freelist_count")[0][0] <= upkeep_file.SPARE_PAGES)


async def test_a_full_log_is_moved_before_anything_is_removed(path: Path) -> None:
    """Removing writes to the log too: with no space left it would fail, and the log would never be moved."""
    async with opened(path, LITTLE) as outbox:
        await outbox.accept(taps(500))
        assert outbox.wal_bytes() > 100_000

        def no_room(work: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        def moved() -> bool:
            with pytest.raises(sqlite3.OperationalError, match="full"):
                outbox._upkeep.relieve(outbox._db, no_room)
            return outbox.wal_bytes() == 0

        await until(moved)  # not at the first try while the checkpoint's own thread is at it


# --- the ballast ----------------------------------------------------------------------------------------------------


async def test_the_ballast_is_real_space_set_aside(path: Path) -> None:
    async with opened(path, OutboxSettings(ballast_mb=2, reserve_mb=1)):
        ballast = path.with_name("ballast")
        await until(ballast.exists)
        state = os.stat(ballast)
        assert state.st_size == 2 * MB
        assert state.st_blocks * 512 >= 2 * MB


async def test_no_ballast_is_kept_where_it_would_take_the_last_space(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep_file.Upkeep, "_look", lambda upkeep: 7 * MB)
    async with opened(path, OutboxSettings(ballast_mb=2, reserve_mb=1)) as outbox:
        await turns(outbox)
        assert not path.with_name("ballast").exists()
        monkeypatch.setattr(upkeep_file.Upkeep, "_look", lambda upkeep: 8 * MB)
        await until(path.with_name("ballast").exists)
