"""The daemon as a whole, with devices of the test: a faulty source takes no other down, a failing writer ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import stat

import pytest

from agent import daemon
from agent.clock import SystemClock
from agent.errors import AgentError
from agent.evidence import store
from agent.reference import Reference
from agent.sync.centre_link import CentreLink
from drivers.errors import DeviceError
from drivers.readings import Light, ZoneState
from tests.agent.evidence.pictures import DESK, RECIPIENT, change, jpeg, opened
from tests.agent.running import Running
from tests.agent.sync.box import until

# --- sources ------------------------------------------------------------------------------------------------


async def test_a_tap_gets_its_light_after_it_is_on_disk(running: Running) -> None:
    await running.start()
    good = running.devices["good"]
    good.tap()
    await until(lambda: good.lights)
    assert good.lights == [Light.ACCEPTED]
    assert len(running.recorded("kz.mektep.card.seen.v1")) == 1


@pytest.mark.parametrize("where", ["connection", "reading"])
async def test_a_source_with_a_defect_is_quarantined_and_the_others_go_on(running: Running, where: str) -> None:
    bad, good, panel = (running.devices[name] for name in ("bad", "good", "panel"))
    if where == "connection":
        bad.fault = ZeroDivisionError("a defect")
    else:
        bad.readings.put_nowait(ZeroDivisionError("a defect"))
    await running.start()
    await until(lambda: running.state_of("bad") == "quarantined R-190")
    good.tap()
    panel.zone(ZoneState.FIRE)
    await until(lambda: good.lights and running.recorded("kz.mektep.fire.zone.v1"))
    assert running.state_of("good") == "working"
    assert bad.connections == 1  # it waits before it tries again
    assert '"R-190"' in running.recorded("kz.mektep.source.failed.v1")[0]
    assert not running.task.done()


async def test_a_device_that_is_gone_is_told_retried_and_heals(running: Running) -> None:
    bad = running.devices["bad"]
    bad.fault = DeviceError("P-102", "went away", do="Check the plug.")
    await running.start()
    await until(lambda: running.state_of("bad") == "failed P-102")
    bad.fault = None
    await until(lambda: running.state_of("bad") == "working")
    await until(lambda: running.recorded("kz.mektep.source.restored.v1"))
    bad.tap()
    await until(lambda: bad.lights == [Light.ACCEPTED])


async def test_a_lamp_lights_beside_its_reader_and_its_trouble_costs_no_tap(running: Running) -> None:
    good, bad, lamp = (running.devices[name] for name in ("good", "bad", "lamp"))
    await running.start()
    good.tap(1)
    bad.tap(2)
    await until(lambda: good.lights and bad.lights and lamp.lights)
    lamp.fault = DeviceError("P-204", "went away", do="Check the plug.")
    lamp.readings.put_nowait(lamp.fault)
    await until(lambda: running.state_of("lamp") == "failed P-204")
    good.tap(3)
    await until(lambda: len(good.lights) == 2)
    lamp.fault = None
    await until(lambda: running.state_of("lamp") == "working")
    good.tap(4)
    await until(lambda: len(lamp.lights) == 2)
    assert good.lights == [Light.ACCEPTED] * 3
    assert lamp.lights == [Light.ACCEPTED] * 2


async def test_a_camera_that_is_covered_is_an_alarm_with_its_picture(running: Running) -> None:
    reference = Reference(running.folder / "state/reference", SystemClock())
    named = {"snapshot": [RECIPIENT], "blurred": [DESK]}
    await reference.put("recipients", 7, json.dumps(named).encode())
    await running.start()
    running.devices["good"].readings.put_nowait(change(jpeg(seed=3), blurred=jpeg(900)))
    await until(lambda: len(running.recorded("kz.mektep.evidence.sealed.v1")) == 2)
    other, record = (json.loads(text) for text in running.recorded("kz.mektep.evidence.sealed.v1"))
    (alarm,) = (json.loads(text) for text in running.recorded("kz.mektep.camera.picture.v1"))
    id_ = alarm["data"]["evidence"]
    assert [record["data"]["evidence"], other["data"]["evidence"]] == [id_, alarm["data"]["blurred"]]
    assert record["time"] == other["time"] == alarm["time"]
    assert opened((running.folder / f"state/evidence/{id_}.age").read_bytes()) == jpeg(seed=3)
    await until(lambda: (found := running.picture()) and found.evidence.kept == 2)
    assert running.picture().datasets == {"recipients": "7"}


async def test_without_anybody_who_may_see_it_the_alarm_comes_alone(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOOK_S", 0.05)
    await running.start()
    running.devices["good"].readings.put_nowait(change(jpeg()))
    await until(lambda: running.recorded("kz.mektep.evidence.lost.v1"))
    (alarm,) = (json.loads(text) for text in running.recorded("kz.mektep.camera.picture.v1"))
    assert alarm["data"]["evidence"] == alarm["data"]["blurred"] == ""
    assert not list(running.folder.glob("state/evidence/*"))


# --- what ends it -------------------------------------------------------------------------------------------


async def test_a_writer_that_fails_ends_the_daemon(running: Running) -> None:
    await running.start()
    running.devices["bad"].readings.put_nowait(change(jpeg()))  # nobody may see it: that is to be told at the end
    await until(lambda: running.recorded("kz.mektep.camera.picture.v1"))
    with contextlib.closing(sqlite3.connect(running.folder / "state" / "outbox.db", timeout=30)) as db:
        db.executescript("drop view event; drop table message;")
    running.devices["good"].tap()
    await until(running.task.done)
    with pytest.raises(ExceptionGroup) as group:
        running.task.result()
    assert group.group_contains(sqlite3.OperationalError, match="no such table")
    assert running.devices["good"].lights == []  # never green
    assert running.systemd.heard[-1] == "STOPPING=1"


async def test_a_defect_of_the_link_ends_the_daemon(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_link: CentreLink) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(CentreLink, "run", broken)
    await running.start()
    await until(running.task.done)
    with pytest.raises(ExceptionGroup) as group:
        running.task.result()
    assert group.group_contains(ZeroDivisionError)


async def test_a_centre_that_is_not_there_ends_nothing(running: Running) -> None:
    await running.start()
    await until(lambda: (found := running.picture()) and found.link.code == "L-103")
    assert not running.task.done()


async def test_at_the_end_alarms_on_their_way_reach_the_disk(running: Running) -> None:
    await running.start()
    lock = sqlite3.connect(running.folder / "state" / "outbox.db", isolation_level=None, timeout=30)
    lock.execute("begin immediate")
    running.devices["panel"].zone(ZoneState.FIRE)
    await until(running.devices["panel"].readings.empty)
    await until(lambda: (found := running.picture()) and found.alarms_waiting == 1)
    running.task.cancel()
    await until(lambda: "STOPPING=1" in running.systemd.heard)
    lock.execute("rollback")
    lock.close()
    await asyncio.gather(running.task, return_exceptions=True)
    assert running.task.cancelled()
    assert len(running.recorded("kz.mektep.fire.zone.v1")) == 1


# --- the beginning ------------------------------------------------------------------------------------------


async def test_it_makes_its_folders_and_keys_and_says_ready_once(running: Running) -> None:
    await running.start()
    state = running.folder / "state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    for secret in ("identity.pem", "card.key"):
        assert stat.S_IMODE((state / secret).stat().st_mode) == 0o600
    await until(lambda: "WATCHDOG=1" in running.systemd.heard)
    assert running.systemd.heard.count("READY=1") == 1


async def test_started_again_it_keeps_keys_epoch_and_what_it_owes(running: Running) -> None:
    await running.start()
    running.devices["good"].tap()
    await until(lambda: running.devices["good"].lights)
    key = (running.folder / "state" / "card.key").read_bytes()
    await until(lambda: (found := running.picture()) and found.lanes["record"].last == 2)
    epoch = running.picture().epoch
    await running.stop()
    running.systemd.heard.clear()
    await running.start()
    await until(lambda: (found := running.picture()) and found.lanes["record"].last == 2)
    assert running.picture().epoch == epoch
    assert (running.folder / "state" / "card.key").read_bytes() == key


@pytest.mark.parametrize("place", ["state", "run"])
async def test_a_folder_that_cannot_be_made_is_named(running: Running, place: str) -> None:
    (running.folder / place).write_text("a file in the folder's place")
    with pytest.raises(AgentError) as error:
        await daemon.run(running.config, running.systemd, {})
    assert error.value.code == "D-101"
    assert place in error.value.what
