"""A network camera in its real cell: with TLS and a password, under all that a cell gives up."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import SourceConfig
from centre.pki import issue, make_authority
from drivers.cameras.rtsp import Settings
from drivers.readings import PictureChange, PictureState
from tests.drivers.cameras.far_camera import far_camera
from tests.drivers.supervised import Kept, kept_reading, until
from tests.secrets import these_secrets

PASSWORD = "p@ss:wo/rd%?#&=é"


@asynccontextmanager
async def in_its_cell(settings: Settings, password: str) -> AsyncIterator[tuple[Kept, Cells]]:
    config = SourceConfig(name="gate", kind="camera", driver="rtsp", settings=settings, places={})
    secrets = these_secrets(**{"gate-password": password})
    async with (
        Cells([config], SystemClock(), os.environ) as cells,
        kept_reading(cells.driver(config), settings, secrets) as kept,
    ):
        yield kept, cells


def pid(cells: Cells) -> int:
    cell = cells.cell("gate")
    return cell.life.pid if cell and cell.life else 0


async def test_with_tls_and_a_password_it_works_and_shows_neither(tmp_path: Path) -> None:
    make_authority(tmp_path)
    issue(tmp_path, "camera", tmp_path, "camera", hosts=("127.0.0.1",))
    pem = tmp_path / "camera.pem"
    pem.write_bytes((tmp_path / "camera.crt").read_bytes() + (tmp_path / "camera.key").read_bytes())
    async with far_camera(user="viewer", password=PASSWORD, certificate=pem) as far:
        settings = Settings(url=far.url, user="viewer", secret="gate-password", ca=str(tmp_path / "ca.crt"))
        async with in_its_cell(settings, PASSWORD) as (kept, cells):
            await until(lambda: kept.readings)
            change = kept.readings[0]
            assert isinstance(change, PictureChange)
            assert (change.state, change.jpeg[:2]) == (PictureState.CLEAR, b"\xff\xd8")
            of_the_process = Path(f"/proc/{pid(cells)}")
            shown = (of_the_process / "cmdline").read_bytes() + (of_the_process / "environ").read_bytes()
            assert b"viewer" not in shown
            assert b"wo/rd" not in shown
            assert kept.states == ["working"]
        async with in_its_cell(settings, "hunter2") as (kept, _):
            await until(lambda: kept.states == ["V-102"])
