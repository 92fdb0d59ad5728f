"""The picture holds what every part says now: lanes, link, devices, troubles, disk; taking it changes nothing."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import __version__
from agent.incidents.kinds import Certainty, Kind
from agent.incidents.life import State
from agent.incidents.view import View
from agent.model import Lane, Severity
from agent.ops import status
from agent.ops.status import DatasetView, PartView, VideoView
from agent.outbox.troubles import Trouble as OutboxTrouble
from agent.sources import SourceState, Trouble
from agent.sync.linkerror import LinkError
from drivers.driver import Counters, Video
from drivers.readings import ZoneChange, ZoneState
from tests.agent.evidence.pictures import RECIPIENT, change, jpeg
from tests.agent.ops.house import House, open_house
from tests.agent.sync.box import fire, taps
from tests.clock import START_NS, FastClock


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as made:
        yield made


async def test_who_takes_it_and_when(house: House) -> None:
    house.clock.advance(3)
    now = house.pictures.take()
    assert (now.state, now.school, now.agent) == ("running", "school-07", __version__)
    assert (now.pid, now.pid_start) == (os.getpid(), status.process_start(os.getpid()))
    assert status.is_alive(now)
    assert (now.started, now.at) == ("2026-11-23T08:00:00.000000Z", "2026-11-23T08:00:03.000000Z")
    assert (now.epoch, now.bootid) == (house.outbox.epoch, FastClock.boot_id)


@pytest.mark.parametrize(("synced", "word"), [(True, "synced"), (False, "unsynced")])
async def test_whether_the_clock_can_be_believed(house: House, synced: bool, word: str) -> None:
    house.clock.is_synced = synced
    assert house.pictures.take().clock == word


async def test_lanes_are_what_the_outbox_holds(house: House) -> None:
    await house.outbox.accept([*taps(4), fire()])
    house.outbox.settle(house.outbox.epoch, Lane.RECORD, 1, 3)
    now = house.pictures.take()
    assert list(now.lanes) == ["alarm", "record", "telemetry"]
    assert (now.lanes["record"].last, now.lanes["record"].settled) == (5, 3)
    assert (now.lanes["alarm"].last, now.lanes["alarm"].settled) == (1, 0)
    assert now.lanes["record"].bytes > now.lanes["alarm"].bytes > now.lanes["telemetry"].bytes == 0
    assert now.owes == [house.outbox.epoch]


async def test_a_device_shows_its_state_counters_and_trouble(house: House) -> None:
    reader, panel = house.stations
    reader.opened(Counters(frames=7, garbled=2, repeats=5))
    reader.now(SourceState.WORKING, None, START_NS)
    reader.readings, reader.last_reading_ns = 7, START_NS + 10**9
    panel.now(SourceState.FAILED, Trouble("S-101", "no answer", "Check the line."), START_NS + 2 * 10**9)
    now = house.pictures.take()
    assert list(now.sources) == ["canteen-1", "panel"]
    first = now.sources["canteen-1"]
    assert (first.kind, first.driver, first.state, first.readings) == ("reader", "some", "working", 7)
    assert (first.garbled, first.repeats, first.last_reading) == (2, 5, "2026-11-23T08:00:01.000000Z")
    assert (first.code, first.what, first.do) == ("", "", "")
    assert first.video is None
    second = now.sources["panel"]
    assert (second.state, second.code, second.what, second.do) == ("failed", "S-101", "no answer", "Check the line.")
    assert (second.since, second.last_reading) == ("2026-11-23T08:00:02.000000Z", "")


async def test_a_camera_shows_its_stream_and_its_clock(house: House) -> None:
    camera, clock = house.stations[0], house.clock
    video = Video(width_px=1280, height_px=720, rate=14.9)
    camera.opened(Counters(video=video))
    camera.now(SourceState.WORKING, None, START_NS)
    empty = house.pictures.take().sources["canteen-1"].video
    assert empty == VideoView(width_px=1280, height_px=720, rate=14.9, seen="")
    video.seen_ns = clock.monotonic_ns()
    video.clock_ns = clock.utc_ns() - clock.monotonic_ns() + 3 * 10**9
    clock.advance(2)
    now = house.pictures.take().sources["canteen-1"].video
    assert now is not None
    assert (now.seen, now.clock_off_s) == ("2026-11-23T08:00:00.000000Z", 3.0)


async def test_the_link_shows_its_trouble_and_what_was_refused(house: House) -> None:
    before = house.pictures.take().link
    assert (before.state, before.code, before.refused, before.last_receipt) == ("offline", "", {}, "")
    house.link._lost(LinkError("L-103", "nobody listens", do="Tell the centre."))
    house.link._refused["oversized"] += 2
    now = house.pictures.take().link
    assert (now.code, now.what, now.do) == ("L-103", "nobody listens", "Tell the centre.")
    assert now.refused == {"oversized": 2}
    assert now.counters["batches"] == 0


async def test_pictures_and_reference_data_are_shown(house: House) -> None:
    await house.reference.put("recipients", 7, b'{"snapshot":["%s"],"blurred":[]}' % RECIPIENT.encode())
    await house.evidence.begin()
    await house.evidence.keep(change(jpeg()), "gate", Severity.ERROR)
    await house.evidence.drained()
    now = house.pictures.take()
    assert now.datasets == {"recipients": "7"}
    assert now.reference == {"recipients": DatasetView(version="7", issued="")}
    assert (now.evidence.kept, now.evidence.sealed, now.evidence.lost) == (1, 1, 0)
    assert now.evidence.owed_bytes > 20_000
    assert now.troubles == []
    house.reference.said({"recipients": "8"})
    house.pictures.take()
    house.clock.advance(60)
    assert [one.code for one in house.pictures.take().troubles] == ["E-104"]


async def test_troubles_of_the_database_carry_their_beginning(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = OutboxTrouble(code="D-122", what="the disk is full", do="Make room.", since_ns=START_NS)
    monkeypatch.setattr(house.outbox, "trouble", lambda: [trouble])
    (shown,) = house.pictures.take().troubles
    assert (shown.code, shown.what, shown.do) == ("D-122", "the disk is full", "Make room.")
    assert shown.since == "2026-11-23T08:00:00.000000Z"


async def test_the_disk_is_measured(house: House) -> None:
    await house.outbox.accept(taps(1))
    disk = house.pictures.take().disk
    assert disk.free_bytes > 0
    assert disk.wal_bytes > 0
    assert 0 < disk.commit_p50_ms <= disk.commit_p99_ms


async def test_alarms_that_wait_are_counted(house: House) -> None:
    assert house.pictures.take().alarms_waiting == 0
    await house.alarms.raise_alarm(fire())
    assert house.pictures.take().alarms_waiting == 1
    await house.alarms.drained()
    assert house.pictures.take().alarms_waiting == 0


async def test_a_picture_can_be_written_and_read_back(house: House, tmp_path: Path) -> None:
    now = house.pictures.take()
    status.write(tmp_path / "status.json", now)
    assert status.read(tmp_path / "status.json") == now


async def test_a_zone_that_burns_is_in_the_picture(house: House) -> None:
    at = {"codes": (37, 44), "words": "fire", "at_ns": START_NS, "monotonic_ns": 1}
    house.told.news(ZoneChange(zone=3, state=ZoneState.FIRE, before=None, **at), "panel", 3)
    sources = house.pictures.take().sources
    assert sources["panel"].parts == [PartView(kind="zone", part="3", place="", state="fire")]
    assert sources["canteen-1"].parts == []


async def test_incidents_that_are_open_are_shown_up_to_a_number(house: House) -> None:
    assert house.pictures.take().incidents == []
    views = [
        View(incident=f"{number}", kind=Kind.FIRE, place="", certainty=Certainty.CERTAIN, state=State.TOLD)
        for number in range(30)
    ]
    house.incidents.extend(views)
    assert house.pictures.take().incidents == views[:20]
