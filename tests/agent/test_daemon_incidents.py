"""The daemon as a whole and its incidents: opened with the alarm, shown at once, the same after a start, kept through a
locked database.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from agent.incidents.life import State
from drivers.readings import ZoneState
from tests.agent.running import Running
from tests.agent.sync.box import until


def told(running: Running, kind: str) -> list[dict[str, Any]]:
    return [json.loads(text)["data"] for text in running.recorded(f"kz.mektep.incident.{kind}.v1")]


def shown(running: Running) -> list[tuple[str, State]]:
    found = running.picture()
    return [(one.place, one.state) for one in found.incidents] if found else []


async def test_a_fire_is_an_incident_that_the_status_shows(running: Running) -> None:
    await running.start()
    running.devices["panel"].zone(ZoneState.FIRE)
    await until(lambda: shown(running) == [("gym", State.TOLD)])
    (one,) = told(running, "told")
    assert [to["role"] for to in one["to"]] == ["city", "police"]  # there is no roster yet
    assert len(running.recorded("kz.mektep.fire.zone.v1")) == 1


async def test_a_fire_that_still_burns_after_a_start_is_the_same_incident(running: Running) -> None:
    await running.start()
    running.devices["panel"].zone(ZoneState.FIRE)
    await until(lambda: told(running, "told"))
    await running.stop()
    running.systemd.heard.clear()
    await running.start()
    running.devices["panel"].zone(ZoneState.FIRE)
    await until(lambda: len(running.recorded("kz.mektep.fire.zone.v1")) == 2)
    await until(lambda: shown(running) == [("gym", State.TOLD)])
    assert len(told(running, "opened")) == 1
    assert [one["why"] for one in told(running, "told")] == ["first"]


async def test_while_the_database_is_locked_a_fire_shows_and_its_incident_follows(running: Running) -> None:
    await running.start()
    lock = sqlite3.connect(running.folder / "state" / "outbox.db", isolation_level=None, timeout=30)
    lock.execute("begin immediate")
    running.devices["panel"].zone(ZoneState.FIRE)
    await until(lambda: shown(running) == [("gym", State.OPENED)])
    lock.execute("rollback")
    lock.close()
    await until(lambda: shown(running) == [("gym", State.TOLD)])
    assert len(told(running, "opened")) == len(running.recorded("kz.mektep.fire.zone.v1")) == 1


async def test_a_database_that_is_locked_at_the_start_keeps_no_panel_from_being_read(running: Running) -> None:
    await running.start()
    await running.stop()
    running.systemd.heard.clear()
    lock = sqlite3.connect(running.folder / "state" / "outbox.db", isolation_level=None, timeout=30)
    lock.execute("begin exclusive")
    await running.start()
    running.devices["panel"].zone(ZoneState.FIRE)
    await until(lambda: shown(running) == [("gym", State.OPENED)])
    assert running.recorded("kz.mektep.fire.zone.v1") == []
    lock.execute("rollback")
    lock.close()
    await until(lambda: shown(running) == [("gym", State.TOLD)])
    assert len(told(running, "opened")) == len(running.recorded("kz.mektep.fire.zone.v1")) == 1
