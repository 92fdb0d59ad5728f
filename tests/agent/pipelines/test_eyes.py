"""The whole way: cameras in their cells, the eyes in theirs, the daemon's own wiring, and what if one of them ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from agent import config, daemon
from agent.cells.cell import Cell
from agent.cells.slots import MEMORY, slots_of
from agent.cells.spawned import Spawning
from agent.clock import SystemClock
from agent.ops import status
from agent.ops.systemd import Notifier
from agent.pipelines import eyes
from agent.pipelines.detectors import Plan
from agent.pipelines.networks import Networks
from agent.pipelines.scene import Scene
from agent.pipelines.scores import Scored
from agent.pipelines.sighting import Sighting
from agent.pipelines.watch import Detects, Settings, Watch, WatchedCamera
from agent.reference import Reference
from bench.box_toml import HEAD
from drivers import catalog
from drivers.driver import Driver, Verdict
from drivers.errors import DeviceError
from drivers.readings import Noticed, Watched
from simulator.scenes import Sight, write_video
from tests.agent.evidence.pictures import RECIPIENT, opened
from tests.agent.pipelines.watched import Filled, planes
from tests.drivers.supervised import open_files, until
from tests.secrets import no_secrets

_: Driver[Settings, Noticed | Watched] = eyes

CLEAR_S, COVERED_S = 6, 12
WITHIN_S = 10.0
BOX = (
    HEAD
    + """
[[camera]]
name = "gate"
driver = "file"
file = "{folder}/gate.mkv"
covered_s = 60
sees = ["tamper", "fight"]
masks = [[[0, 0], [0.3, 0], [0.3, 1], [0, 1]]]
[[camera]]
name = "hall"
driver = "file"
file = "{folder}/hall.mkv"
sees = ["tamper"]
"""
)


class Box:
    """A daemon of a real configuration, with two files for cameras."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def events(self, type_: str) -> list[dict[str, Any]]:
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/state/outbox.db?mode=ro", uri=True)) as db:
            return [json.loads(text) for (text,) in db.execute("select json from event where type = ?", (type_,))]

    def status(self) -> status.Status:
        found = status.read(self.folder / "run/status.json")
        assert found
        return found

    def pid(self, source: str) -> int:
        cell = self.status().sources[source].cell
        return cell.pid if cell else 0

    def works(self, *names: str) -> bool:
        return all(self.status().sources[name].state == "working" for name in names)


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Box]:
    (folder / "box.toml").write_text(BOX.format(folder=folder), encoding="utf-8")
    write_video(folder / "gate.mkv", [(Sight.CLEAR, CLEAR_S), (Sight.CLOTH, COVERED_S)], width=320, height=180)
    write_video(folder / "hall.mkv", [(Sight.CLEAR, 4)], width=320, height=180)
    await Reference(folder / "state/reference", SystemClock()).put(
        "recipients", 7, json.dumps({"snapshot": [RECIPIENT], "blurred": [RECIPIENT]}).encode()
    )
    task = asyncio.create_task(daemon.run(config.load(folder / "box.toml"), Notifier(""), os.environ))
    try:
        await until(lambda: task.done() or (folder / "run/status.json").exists())
        yield Box(folder)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def _interval() -> Any:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def slots(pid: int) -> set[str]:
    """The slots that a process has in its memory, by their inodes."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    return {line.split()[4] for line in maps if f"memfd:{MEMORY}" in line}


async def test_a_covered_camera_is_told_in_time_whatever_else_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = msgspec.structs.replace(catalog.CATALOG["eyes"], module="tests.agent.pipelines.odd_eyes")
    monkeypatch.setitem(catalog.CATALOG, "eyes", entry)
    async with running(tmp_path) as box:
        await until(lambda: box.works("gate", "hall", "eyes"))
        begun_s = time.monotonic()
        await until(lambda: slots(box.pid("eyes")))
        (own,) = slots(box.pid("gate"))
        (other,) = slots(box.pid("hall"))
        assert own != other
        assert slots(box.pid("eyes")) == {own, other}
        os.kill(box.pid("hall"), signal.SIGKILL)  # another camera's end costs this one nothing
        await until(lambda: box.status().sources["hall"].code == "U-101" or box.events("kz.mektep.source.failed.v1"))
        await until(lambda: box.events("kz.mektep.camera.noticed.v1"))
        assert time.monotonic() - begun_s < CLEAR_S + WITHIN_S
        (noticed,) = box.events("kz.mektep.camera.noticed.v1")
        assert noticed["data"]["camera"] == "gate"
        assert noticed["data"]["suspected"] in ("covered", "turned")
        for form in ("evidence", "blurred"):
            file = tmp_path / f"state/evidence/{noticed['data'][form]}.age"
            await until(file.exists)
            still = cv2.imdecode(np.frombuffer(opened(file.read_bytes()), np.uint8), cv2.IMREAD_COLOR)
            assert still[:, : still.shape[1] * 3 // 10 - 24].max() < 20  # the mask is in both

        off = [one for one in box.events("kz.mektep.source.failed.v1") if one["data"]["source"] == "gate/fight"]
        assert [one["data"]["code"] for one in off] == ["V-301"]  # it threw, was told once, and nothing else stopped
        assert "V-301" in [trouble.code for trouble in box.status().troubles]
        assert box.works("gate", "hall", "eyes")
        os.kill(box.pid("eyes"), signal.SIGKILL)
        await until(lambda: box.status().sources["eyes"].cell.falls == 1 and box.works("gate", "hall", "eyes"))  # type: ignore[union-attr]
        await until(lambda: box.status().eyes)
        assert box.status().eyes["gate"].detectors["tamper"].runs_per_s >= 0


class Blind:
    """A detector that sees nothing."""

    def __init__(self, watch: Watch, networks: Networks) -> None: ...

    def look(self, scene: Scene) -> list[Sighting]:
        return []

    def suspects(self) -> bool:
        return False

    def scored(self) -> Scored | None:
        return None


# --- by itself ---------------------------------------------------------------------------------------------------


async def test_it_reports_what_it_did_and_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eyes, "REPORT_S", 0.2)
    clock = SystemClock()
    gate = Filled(tmp_path, "gate", Watch(sees=[Detects.TAMPER]))
    monkeypatch.setattr("agent.pipelines.detectors.PLANS", {Detects.TAMPER: Plan(every_s=0, moving=False, make=Blind)})
    async with eyes.connect(Settings(cameras=(gate.camera,)), clock, no_secrets) as warm:
        assert warm.counters.frames == 0
    before = open_files()
    async with eyes.connect(Settings(cameras=(gate.camera,)), clock, no_secrets) as source, asyncio.timeout(10):
        gate.put(at_s=clock.monotonic_ns() / 1e9)
        async for reading in source:
            assert isinstance(reading, Watched)
            if reading.cameras["gate"].pictures:
                break
        assert reading.cameras["gate"].detectors["tamper"].runs == 1
        assert (source.counters.frames, source.pulse.stopped()) == (1, False)
    assert open_files() == before


async def test_in_their_cell_they_are_told_whose_time_it_is() -> None:
    entry = catalog.CATALOG["eyes"]
    assert entry.cell
    async with slots_of(["gate"]) as slots, contextlib.AsyncExitStack() as ending:
        handed = tuple(slots.files.values())
        cell = Cell("eyes", entry.cell, (), SystemClock(), Spawning(os.environ), handed)
        ending.push_async_callback(cell.stop)
        camera = WatchedCamera(name="gate", slot=slots.files["gate"], watch=Watch(sees=[Detects.TAMPER]))
        async with cell.connected(entry.module, Settings(cameras=(camera,)), {}) as remote, asyncio.timeout(10):
            resting: tuple[str, ...]
            for resting in (("tamper",), ()):
                remote.rest({"gate": resting})
                report = await anext(remote)
                assert isinstance(report, Watched)
                assert report.cameras["gate"].resting == resting


async def test_a_defect_of_the_eyes_themselves_is_raised_to_whoever_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Filled(tmp_path, "gate")
    monkeypatch.setattr("agent.pipelines.watcher.Watcher.turn", lambda *_: 1 / 0)
    async with eyes.connect(Settings(cameras=(gate.camera,)), SystemClock(), no_secrets) as source:
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(10):
                await anext(aiter(source))


@pytest.mark.parametrize("what", ["missing", "garbage"])
async def test_a_slot_that_is_none_is_v302(tmp_path: Path, what: str) -> None:
    gate = Filled(tmp_path, "gate")
    path = Path(gate.camera.slot)
    path.unlink() if what == "missing" else path.write_bytes(planes())
    settings = Settings(cameras=(gate.camera,))
    with pytest.raises(DeviceError, match="V-302"):
        async with eyes.connect(settings, SystemClock(), no_secrets):
            pass
    assert (eyes.probe(settings).verdict is Verdict.OK) == (what == "garbage")  # to look is not to open
