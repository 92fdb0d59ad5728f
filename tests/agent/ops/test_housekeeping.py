"""Each second a picture and the watchdog, each minute the health and what was refused; a clock that was set is told."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.model import Lane
from agent.ops import housekeeping, status
from agent.ops.housekeeping import GIVE_BACK_S, HEALTH_S, PICTURE_S
from agent.sources import SourceState, Trouble
from drivers.driver import Counters, Video
from tests.agent.ops.house import House, going, open_house
from tests.agent.sync.box import fire, taps, until
from tests.clock import START_NS


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as made:
        yield made


async def events(house: House, lane: Lane, type_: str) -> list[dict[str, Any]]:
    """What the outbox holds of a kind."""
    batch = await house.outbox.read(house.outbox.epoch, lane, 0, max_bytes=10**6, max_events=10**4)
    return [event for event in json.loads(batch.body) if event["type"] == type_] if batch else []


async def accepted(house: House, lane: Lane, count: int) -> None:
    await until(lambda: house.outbox.last(house.outbox.epoch, lane) >= count)


# --- each second --------------------------------------------------------------------------------------------


async def test_each_second_there_is_a_new_picture_and_the_watchdog_is_fed(house: House, tmp_path: Path) -> None:
    live = tmp_path / "status.json"
    async with going(lambda: house.keeping.keep_picture(live)):
        for second in range(3):
            await house.clock.pass_(PICTURE_S if second else 0.0)
            found = status.read(live)
            assert found is not None
            assert found.at == f"2026-11-23T08:00:0{second}.000000Z"
            assert len(house.systemd.heard) == second + 1


async def test_the_line_of_systemctl_status(house: House, tmp_path: Path) -> None:
    house.stations[0].now(SourceState.WORKING, None, START_NS)
    house.stations[1].now(SourceState.FAILED, Trouble("S-101", "no answer", "Look."), START_NS)
    await house.outbox.accept([*taps(4), fire()])
    async with going(lambda: house.keeping.keep_picture(tmp_path / "status.json")):
        await house.clock.pass_(0)
    assert house.systemd.heard == ["1 of 2 devices work, 6 events owed, centre offline"]


async def test_a_locked_database_does_not_starve_the_watchdog(house: House, tmp_path: Path) -> None:
    foreign = sqlite3.connect(tmp_path / "outbox.db", isolation_level=None)
    foreign.execute("begin immediate")
    async with going(lambda: house.keeping.keep_picture(tmp_path / "status.json")), going(house.keeping.report_health):
        await house.clock.pass_(HEALTH_S)  # the health waits for the lock
        heard = len(house.systemd.heard)
        await house.clock.pass_(PICTURE_S)
        assert len(house.systemd.heard) == heard + 1
        foreign.execute("rollback")
        foreign.close()
        await accepted(house, Lane.TELEMETRY, 1)


async def test_a_writer_that_does_not_answer_starves_it(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.outbox, "writer_answers", lambda: False)
    async with going(lambda: house.keeping.keep_picture(tmp_path / "status.json")):
        await house.clock.pass_(0)
        await house.clock.pass_(PICTURE_S)
    assert house.systemd.heard == []
    assert status.read(tmp_path / "status.json") is not None  # the picture is still drawn


async def test_a_place_that_cannot_be_written_stops_nothing(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with going(lambda: house.keeping.keep_picture(tmp_path / "none" / "status.json")) as task:
        for _ in range(3):
            await house.clock.pass_(PICTURE_S)
        assert not task.done()
    assert len(house.systemd.heard) >= 3
    assert "cannot be written" in caplog.text


# --- a set clock --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("set_by_s", [3600.0, -5.0, 0.75])
async def test_a_clock_that_was_set_is_recorded_with_by_how_much(house: House, set_by_s: float) -> None:
    async with going(house.keeping.keep_watch):
        await house.clock.pass_(PICTURE_S)
        await house.clock.pass_(PICTURE_S, set_by_s=set_by_s)
        await accepted(house, Lane.RECORD, 2)
        await house.clock.pass_(PICTURE_S)
    (event,) = await events(house, Lane.RECORD, "kz.mektep.clock.corrected.v1")
    assert event["data"] == {"off_by_ns": round(set_by_s * 1e9), "by": "system"}


async def test_a_clock_that_only_ticks_is_no_news(house: House) -> None:
    async with going(house.keeping.keep_watch):
        for _ in range(100):
            await house.clock.pass_(PICTURE_S, set_by_s=0.001)
    assert house.outbox.last(house.outbox.epoch, Lane.RECORD) == 1


async def test_what_chattering_sources_gathered_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    told = 0

    async def tell() -> None:
        nonlocal told
        told += 1

    monkeypatch.setattr(house.alarms, "tell_gathered", tell)
    async with going(house.keeping.keep_watch):
        for _ in range(5):
            await house.clock.pass_(PICTURE_S)
    assert told == 5


# --- each ten minutes ---------------------------------------------------------------------------------------


async def test_freed_memory_is_given_back_again_and_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[threading.Thread] = []
    monkeypatch.setattr(housekeeping, "give_back", lambda: times.append(threading.current_thread()))
    async with going(house.keeping.keep_memory):
        for count in (1, 2, 3):
            await house.clock.pass_(GIVE_BACK_S)
            await until(lambda: len(times) == count)  # noqa: B023 - within the turn
    assert threading.main_thread() not in times  # the loop goes on meanwhile


# --- each minute --------------------------------------------------------------------------------------------


async def test_each_minute_the_health_is_one_telemetry_event(house: House) -> None:
    house.thermal.write_text("48312\n")
    house.stations[0].now(SourceState.WORKING, None, START_NS)
    house.stations[1].now(SourceState.FAILED, Trouble("S-101", "no answer", "Look."), START_NS)
    ahead_ns = house.clock.utc_ns() - house.clock.monotonic_ns() + 90 * 10**9
    house.stations[0].opened(Counters(video=Video(clock_ns=ahead_ns)))
    async with going(house.keeping.report_health):
        for minute in (1, 2):
            await house.clock.pass_(HEALTH_S)
            await accepted(house, Lane.TELEMETRY, minute)
    first, second = await events(house, Lane.TELEMETRY, "kz.mektep.health.v1")
    assert (first["data"]["uptime_s"], second["data"]["uptime_s"]) == (60, 120)
    assert first["data"]["temperature_c"] == 48.312
    assert first["data"]["camera_clocks_s"] == {"canteen-1": 90.0}
    assert first["data"]["sources"] == {"canteen-1": "working", "panel": "S-101"}
    assert first["data"]["lanes"]["record"]["last"] == 1
    assert second["data"]["lanes"]["telemetry"]["last"] == 1
    assert first["data"]["disk_free_bytes"] > 0


@pytest.mark.parametrize("content", [None, "", "hot"])
async def test_a_box_without_a_thermometer_has_no_temperature(house: House, content: str | None) -> None:
    if content is not None:
        house.thermal.write_text(content)
    async with going(house.keeping.report_health):
        await house.clock.pass_(HEALTH_S)
        await accepted(house, Lane.TELEMETRY, 1)
    (event,) = await events(house, Lane.TELEMETRY, "kz.mektep.health.v1")
    assert event["data"]["temperature_c"] is None


async def test_what_was_refused_is_recorded_once_by_reason(house: House) -> None:
    async with going(house.keeping.report_health):
        house.link._refused.update({"bad_signature": 3, "oversized": 1})
        await house.clock.pass_(HEALTH_S)
        await accepted(house, Lane.TELEMETRY, 1)
        house.link._refused["bad_signature"] += 2
        await house.clock.pass_(HEALTH_S)
        await accepted(house, Lane.TELEMETRY, 2)
        await house.clock.pass_(HEALTH_S)
        await accepted(house, Lane.TELEMETRY, 3)
    told = [event["data"] for event in await events(house, Lane.RECORD, "kz.mektep.refused.v1")]
    assert told == [
        {"reason": "bad_signature", "count": 3},
        {"reason": "oversized", "count": 1},
        {"reason": "bad_signature", "count": 2},
    ]
