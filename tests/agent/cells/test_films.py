"""A real camera in its real cell, and a box that keeps its videos: sealed in there, whole here, or told as lost."""

from __future__ import annotations

import hashlib
import io
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import msgspec

from agent.cells.cells import Cells
from agent.cells.films import CellFilms
from agent.clock import SystemClock
from agent.config import SourceConfig
from agent.evidence.films import Films
from agent.evidence.folder import Folder
from agent.evidence.settings import EvidenceSettings
from agent.evidence.store import Evidence
from agent.model import Severity
from agent.outbox.outbox import Outbox
from drivers.cameras import csi, rtsp
from drivers.clips import ClipOrder
from tests.agent.evidence.pictures import opened, somebody
from tests.agent.outbox.box import opened as outbox_opened
from tests.agent.outbox.box import records
from tests.drivers.cameras.far_camera import far_camera
from tests.drivers.supervised import Kept, kept_reading, until
from tests.secrets import no_secrets

CLOCK: Any = SystemClock()
ORDER = ClipOrder(at_ns=0, before_s=1, after_s=0, most_bytes=100_000, recipients=())
CORNER = ((0.0, 0.0), (0.2, 0.0), (0.2, 0.2))


class Box:
    """An outbox, evidence, and a camera named gate."""

    def __init__(self, folder: Path, outbox: Outbox, evidence: Evidence, cells: Cells, kept: Kept) -> None:
        self.folder, self.outbox, self.evidence, self.cells, self.kept = folder, outbox, evidence, cells, kept

    async def clip(self, *, before_s: float = 0.5, after_s: float = 0.4, camera: str = "gate") -> str:
        return await self.evidence.keep_clip(
            camera, before_s=before_s, after_s=after_s, severity=Severity.ERROR, at=CLOCK.now()
        )

    async def told(self, kind: str) -> list[dict[str, Any]]:
        await self.evidence.tell_not_kept(last=True)
        return await records(self.outbox, kind)

    def pid(self) -> int:
        cell = self.cells.cell("gate")
        return cell.life.pid if cell and cell.life else 0

    def files(self) -> list[Path]:
        return sorted((self.folder / "evidence").glob("*")) + sorted((self.folder / "evidence").glob(".*"))


def evidence_of(outbox: Outbox, folder: Path, films: Films, quota_mb: int = 20) -> Evidence:
    return Evidence(
        outbox, Folder(folder / "evidence"), EvidenceSettings(quota_mb=quota_mb), somebody, CLOCK,
        reserve_bytes=0, cameras=1, films=films,
    )  # fmt: skip


@asynccontextmanager
async def box(folder: Path, **view: Any) -> AsyncIterator[Box]:
    async with far_camera() as far:
        settings = rtsp.Settings(url=far.url, **view)
        config = SourceConfig(name="gate", kind="camera", driver="rtsp", settings=settings, places={})
        async with outbox_opened(folder / "o.db", clock=CLOCK) as outbox:
            async with Cells([config], CLOCK, os.environ) as cells:
                evidence = evidence_of(outbox, folder, CellFilms([config], cells))
                await evidence.begin()
                async with kept_reading(cells.driver(config), settings, no_secrets) as kept:
                    await until(kept.works)
                    yield Box(folder, outbox, evidence, cells, kept)
            await evidence.finish()  # as the daemon does: its cells have ended, its outbox is open


async def test_a_clip_of_a_camera_in_its_cell_is_kept_sealed_and_recorded(tmp_path: Path) -> None:
    async with box(tmp_path) as it:
        await until(lambda: it.kept.readings)
        id_ = await it.clip()
        assert id_
        await it.evidence.drained()
        kept = it.evidence.shelf.find(id_)
        (record,) = await it.told("evidence.sealed")
    assert kept is not None
    (path,) = it.files()
    sealed = path.read_bytes()
    assert (record["kind"], record["camera"], record["evidence"]) == ("clip", "gate", id_)
    assert (record["bytes"], record["sha256"]) == (len(sealed), hashlib.sha256(sealed).hexdigest())
    assert (kept.bytes, kept.sha256) == (record["bytes"], record["sha256"])
    plain = opened(sealed)
    assert (record["plain_bytes"], record["plain_sha256"]) == (len(plain), hashlib.sha256(plain).hexdigest())
    assert record["after_s"] > 0
    assert len(record["recipients"]) == 1  # who may see plain pictures, and nobody else
    with av.open(io.BytesIO(plain), "r") as played:
        frames = list(played.decode(video=0))
    assert frames[0].key_frame
    assert not any(one.is_corrupt for one in frames)


async def test_a_cell_that_is_killed_takes_its_clip_along_and_that_is_told(tmp_path: Path) -> None:
    async with box(tmp_path) as it:
        id_ = await it.clip(after_s=60)
        await until(lambda: any(path.suffix == ".new" for path in it.files()))
        os.kill(it.pid(), signal.SIGKILL)
        await it.evidence.drained()
        assert [(one["evidence"], one["reason"]) for one in await it.told("evidence.lost")] == [(id_, "interrupted")]
        assert it.files() == []
        await until(lambda: it.kept.states[-2:] == ["U-101", "working"])
        again = await it.clip()
        await it.evidence.drained()
        assert it.evidence.shelf.find(again)


async def test_a_daemon_that_stops_keeps_what_there_is(tmp_path: Path) -> None:
    async with box(tmp_path) as it:
        id_ = await it.clip(after_s=60)
        await until(lambda: any(path.suffix == ".new" for path in it.files()))
    assert it.evidence.shelf.find(id_) is not None


async def test_a_box_that_is_killed_tells_at_its_next_start_what_it_had_promised(tmp_path: Path) -> None:
    async with box(tmp_path) as it:
        id_ = await it.clip(after_s=60)
        await until(lambda: any(path.suffix == ".new" for path in it.files()))
        next_life = evidence_of(it.outbox, tmp_path, CellFilms([], it.cells))
        await next_life.begin()
        assert [(one["evidence"], one["reason"]) for one in await it.told("evidence.lost")] == [(id_, "interrupted")]
        assert it.files() == []
        for task in it.evidence._filming:  # it is no more
            task.cancel()


async def test_a_camera_that_can_give_none_gets_no_id_and_that_is_told(tmp_path: Path) -> None:
    async with box(tmp_path) as it:
        assert [await it.clip(camera="yard") for _ in range(2)] == ["", ""]
        (lost,) = await it.told("evidence.lost")
        assert (lost["evidence"], lost["kind"], lost["reason"]) == ("", "clip", "no_video")
        assert (lost["camera"], lost["count"]) == ("yard", 2)


async def test_a_camera_with_a_mask_gives_a_clip_that_is_painted_over_in_its_cell(tmp_path: Path) -> None:
    async with box(tmp_path, masks=(CORNER,)) as it:
        id_ = await it.clip(after_s=0.3)
        await it.evidence.drained()
        assert it.evidence.shelf.find(id_)
        assert await it.told("evidence.lost") == []


async def test_a_camera_on_the_ribbon_is_promised_no_video_while_it_is_connected(tmp_path: Path) -> None:
    async with box(tmp_path) as it:
        assert it.cells.connected("gate") is not None
        ribbon = SourceConfig(name="gate", kind="camera", driver="csi", settings=csi.Settings(), places={})
        assert CellFilms([ribbon], it.cells).refusal("gate") == "no_video"


async def test_more_than_two_clips_of_a_camera_at_a_time_are_not_made(tmp_path: Path) -> None:
    async with box(tmp_path) as it:
        ids = [await it.clip(after_s=0.3) for _ in range(3)]
        assert [bool(one) for one in ids] == [True, True, False]
        await it.evidence.drained()
        assert all(it.evidence.shelf.find(one) for one in ids[:2])
        assert [(one["reason"], one["count"]) for one in await it.told("evidence.lost")] == [("busy", 1)]


async def test_a_device_without_video_gives_none(tmp_path: Path) -> None:
    """The promise was given; its loss is told."""
    async with box(tmp_path) as it:
        cell = it.cells.cell("gate")
        assert cell is not None
        order = msgspec.structs.replace(ORDER, at_ns=CLOCK.monotonic_ns())
        footage = cell.film(999, order)
        assert [piece async for piece in footage] == []
        assert (footage.made, footage.reason) == (None, "no_video")
