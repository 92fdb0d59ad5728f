"""Single faults of a whole school, step by step: an old disk, a locked disk, a first second without a centre."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulator.faults import FAULTS
from simulator.fire_panel import FIRE
from simulator.reckoning import reckon, until_stored
from simulator.school import SCHOOL, School
from simulator.truth import Shown, Truth
from tests.school_day.conftest import MakeSchool

PATIENCE_S = 20.0
SHOWN_AT = "canteen-2"
CELLS_KILLED = next(fault for fault in FAULTS if fault.name == "cells killed")
OUTBOX_LOCKED = next(fault for fault in FAULTS if fault.name == "outbox locked")


async def _until(condition: Callable[[], Any], patience_s: float = 80.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.05)


async def _tap(school: School, truth: Truth, *numbers: int) -> None:
    """Each must be green. An agent says that it is there before its readers are open: nobody hears a card till then."""
    await _until(lambda: _listens(school))
    for number in numbers:
        card = bytes([0x6F]) + number.to_bytes(4, "big")
        light = await school.readers[1].show(card, PATIENCE_S)
        assert light == "G", f"card {number}"
        truth.shown.append(Shown(SHOWN_AT, school.readers[1].number(card), light))


def _listens(school: School) -> bool:
    """The agent of now, not the one that left its picture behind."""
    shown = school.status()
    return bool(shown) and shown["pid"] == school.agent.pid and shown["sources"][SHOWN_AT]["state"] == "working"


async def _stored(school: School) -> None:
    assert await until_stored(school, 80.0)


async def _rewind_noticed(school: School) -> None:
    await _until(lambda: len(_epochs(school)) == 2)
    await _stored(school)


async def _reconcile(school: School, truth: Truth) -> dict[str, Any]:
    await _stored(school)
    return await reckon(school, truth)


async def _rewound(school: School, truth: Truth, folder: Path) -> None:
    """Taps 1 to 3, a copy of the disk, taps 4 to 6, the copy back: a cloned card, or one that lied about fsync."""
    await school.start()
    await _tap(school, truth, 1, 2, 3)
    await _stored(school)
    await school.agent.stop()
    shutil.copytree(school.box / "state", folder / "old")
    await school.agent.start()
    await _tap(school, truth, 4, 5, 6)
    await _stored(school)
    await school.agent.stop()
    shutil.rmtree(school.box / "state")
    shutil.copytree(folder / "old", school.box / "state")


async def test_an_old_disk_is_noticed_before_a_number_is_given_twice(make_school: MakeSchool, tmp_path: Path) -> None:
    school, truth = await make_school(direct=True), Truth()
    await _rewound(school, truth, tmp_path)
    await school.agent.start()
    await _rewind_noticed(school)
    await _tap(school, truth, 7)

    assert [reason for _, reason in _epochs(school)] == ["new", "rewind"]
    result = await _reconcile(school, truth)
    assert (result["cards_stored"], result["epochs"]) == (7, 2)
    conflicts = await _issued_anew(school, result["wrong"])
    assert "record" not in conflicts, "records wait for the welcome; only alarms do not"


async def test_numbers_given_twice_by_an_old_disk_are_issued_anew(make_school: MakeSchool, tmp_path: Path) -> None:
    """The box was offline: the centre holds other events under its numbers, and takes these under new ones."""
    school, truth = await make_school(direct=True), Truth()
    await _rewound(school, truth, tmp_path)
    await school.city.broker.stop()
    await school.agent.start()
    await _tap(school, truth, 7, 8)
    await school.city.start_broker()
    await _rewind_noticed(school)

    result = await _reconcile(school, truth)
    assert result["cards_stored"] == 8
    conflicts = await _issued_anew(school, result["wrong"])
    assert conflicts["record"] == 2


async def _issued_anew(school: School, wrong: list[str]) -> dict[str, int]:
    """Conflicts of the old epoch by lane: each is issued once more in the new one, and nothing else is wrong."""
    assert not [one for one in wrong if "card" in one or "through" in one or "zone" in one], wrong
    again = [event for event in map(json.loads, await school.centre_events()) if "reissueof" in event]
    old, new = (epoch for epoch, _ in _epochs(school))
    assert all(event["source"].startswith(f"/schools/{SCHOOL}/{new}/") for event in again)
    assert all(event["reissueof"].startswith(f"{old}/") for event in again)
    lanes = (await school.centre_status())["epochs"][old]
    conflicts = {name: lane["conflicts"] for name, lane in lanes.items() if lane["conflicts"]}
    assert len(again) == sum(conflicts.values())
    return conflicts


def _epochs(school: School) -> list[tuple[str, str]]:
    with sqlite3.connect(f"file:{school.box}/state/outbox.db?mode=ro", uri=True) as db:
        return db.execute("select uuid, reason from epoch order by id").fetchall()


async def test_an_alarm_is_at_the_centre_while_the_disk_is_locked(make_school: MakeSchool) -> None:
    """Sent ahead without a sequence; when the lock is gone it is stored under the same id, and its incident follows."""
    school = await make_school(direct=True)
    await school.start()
    await _until(lambda: school.status().get("link", {}).get("state") == "online")
    await _until(lambda: school.status()["sources"]["fire-panel"]["state"] == "working")
    await OUTBOX_LOCKED.begin(school)
    try:
        school.panel.set(3, FIRE)
        await _until(lambda: _ahead(school))
        assert not [event for event in await school.centre_events() if '"state":"fire"' in event]
        assert await school.readers[1].show(bytes([0x6F, 0, 0, 0, 1]), PATIENCE_S) == "W"
    finally:
        await OUTBOX_LOCKED.end(school)
    await _stored(school)
    stored = [json.loads(event) for event in await school.centre_events() if '"state":"fire"' in event]
    ahead = [json.loads(body) for _, body in _ahead(school)]
    assert [event["data"]["zone"] for event in stored] == [3]
    assert [event["data"]["zone"] for event in ahead] == [3]
    assert stored[0]["aheadid"] == ahead[0]["id"]
    incidents = [json.loads(event) for event in await school.centre_events() if ".incident." in event]
    assert sorted(one["type"].split(".")[3] for one in incidents) == ["opened", "told"], "it follows its alarm"
    assert await school.readers[1].show(bytes([0x6F, 0, 0, 0, 2]), PATIENCE_S) == "G"


async def test_killed_cells_are_back_and_cost_no_tap(make_school: MakeSchool) -> None:
    school = await make_school(direct=True, every_kind=True)
    await school.start()
    await _until(lambda: _all_work(school))
    celled = {name: one["cell"]["pid"] for name, one in school.status()["sources"].items() if one["cell"]}
    assert celled
    await CELLS_KILLED.begin(school)
    for number, serial in enumerate(school.readers, 1):  # they noticed nothing
        assert await serial.show(bytes([0x6F, 0, 0, 0, number]), PATIENCE_S) == "G"
    await _until(lambda: _all_work(school) and _other_cells(school, celled))
    for number, reader in enumerate(school.devices.readers(), 11):
        assert await reader.show(bytes([0x6F, 1, 1, 1, number])[-reader.card_bytes :], PATIENCE_S) == "G"


def _all_work(school: School) -> bool:
    sources = school.status().get("sources", {}).values()
    return bool(sources) and all(source["state"] == "working" for source in sources)


def _other_cells(school: School, before: dict[str, int]) -> bool:
    now = school.status()["sources"]
    return all(now[name]["cell"]["pid"] not in (0, pid) for name, pid in before.items())


def _ahead(school: School) -> list[tuple[str, str]]:
    with sqlite3.connect(f"file:{school.city.folder}/centre.db?mode=ro", uri=True) as db:
        return db.execute("select id, body from ahead where school = ?", (SCHOOL,)).fetchall()


async def test_the_first_second_without_a_centre_survives_a_kill(make_school: MakeSchool) -> None:
    """The box has never met the centre; the card is shown as soon as the reader is open, then the power goes."""
    school, truth = await make_school(direct=True), Truth()
    for reader in school.readers:
        reader.line.plug()
    await school.panel.start()
    await school.agent.start()
    await _tap(school, truth, 1)
    school.agent.kill()
    await school.city.start()
    await school.agent.start()
    await _tap(school, truth, 2)
    result = await _reconcile(school, truth)
    assert result["wrong"] == []
    assert result["cards_stored"] == 2
