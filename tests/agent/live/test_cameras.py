"""From the order to the decoded picture: a real camera in its cell, the rooms together, a real media server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from agent.cells.cells import Cells
from agent.clock import SystemClock
from agent.config import Config, SourceConfig, StatePlaces
from agent.datasets import Live, MediaServer
from agent.live.cameras import Cameras, city_ca
from agent.live.session import LiveShown
from agent.model import Lane
from agent.outbox.outbox import open_outbox
from agent.sources import Station, keep_reading
from agent.sync.settings import LinkSettings
from agent.sync.topics import Order
from drivers.cameras.rtsp import Settings
from drivers.driver import Source
from drivers.readings import Reading
from simulator.media_server import MediaServer as FarServer
from tests.agent.evidence.pictures import evidence_of, somebody
from tests.agent.live.box import SESSION
from tests.agent.running import ORDERS_KEY
from tests.agent.sync.box import SMALL
from tests.drivers.cameras.far_camera import far_camera
from tests.drivers.live.far_media import city_ca as far_ca
from tests.drivers.live.far_media import far_media, folder, is_hidden
from tests.drivers.outlines import LEFT
from tests.drivers.supervised import until
from tests.secrets import no_secrets


class School:
    """A box's camera under its supervisor, and the orders about it."""

    def __init__(self, cameras: Cameras, server: FarServer) -> None:
        self.cameras, self.server = cameras, server

    async def order(self, name: str, **args: Any) -> dict[str, object]:
        given = Order(order=name, school="school-07", epoch="", number=1, issued="", expires="", args=args)
        return await self.cameras.orders()[name](given)

    async def start(self) -> None:
        where = {"host": "localhost", "port": self.server.port, "path": f"live/{os.urandom(4).hex()}"}
        await self.order("live.start", session=f"{SESSION}1", camera="gate", seconds=60, by="olga", **where)

    def shown(self) -> list[LiveShown]:
        return self.cameras.views.shown()


def config(source: SourceConfig, ca: Path) -> Config:
    link = LinkSettings(broker="mqtt://127.0.0.1:1", orders_key=ORDERS_KEY, ca=str(ca))
    return Config(file="", school="school-07", state=StatePlaces(), centre=link, outbox=SMALL, sources=(source,))


@asynccontextmanager
async def school(tmp_path: Path, *, masked: bool = False) -> AsyncIterator[School]:
    clock = SystemClock()
    async with (
        far_camera() as far,
        far_media() as server,
        open_outbox(tmp_path / "box.db", school="school-07", clock=clock, settings=SMALL) as outbox,
    ):
        settings = Settings(url=far.url, masks=(LEFT,) if masked else ())
        source = SourceConfig(name="gate", kind="camera", driver="rtsp", settings=settings, places={})
        evidence = evidence_of(outbox, tmp_path, clock, somebody)
        await evidence.begin()
        rules = Live(servers=[MediaServer(host="localhost", port=server.port)])
        made = config(source, folder() / "city" / "ca.crt")
        cameras = Cameras(made, outbox, evidence, lambda: rules, clock, lambda _: None)
        async with Cells([source], clock, os.environ) as cells:
            reading = keep_reading(
                Station(source, clock), cells.driver(source), clock, no_secrets, _nothing, _nothing_changed,
                cameras.around(lambda _station, _source: nullcontext()),
            )  # fmt: skip
            tasks = [asyncio.create_task(work) for work in (reading, cameras.views.run())]
            try:
                await until(lambda: cameras.views.may_be_shown("gate"))
                yield School(cameras, server)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await evidence.drained()
        assert outbox.last(outbox.epoch, Lane.RECORD) >= 2


async def _nothing(_station: Station, _source: Source[Reading], _reading: Reading) -> None:
    pass


async def _nothing_changed(_station: Station) -> None:
    pass


@pytest.mark.parametrize("masked", [False, True], ids=["as they came", "masked"])
async def test_an_order_brings_the_camera_s_pictures_to_the_media_server(masked: bool, tmp_path: Path) -> None:
    hidden: list[bool] = []
    async with school(tmp_path, masked=masked) as box:
        box.server.on_picture = lambda pixels: hidden.append(is_hidden(pixels))
        await box.start()
        await box.server.until_shown(3)
        assert [(one.camera, one.by) for one in box.shown()] == [("gate", "olga")]
        ids = await box.order("camera.snapshot", camera="gate")
        assert all(len(str(id_)) == 36 for id_ in ids.values())
        await box.order("live.stop", session=f"{SESSION}1")
        await until(lambda: box.server.look() and box.server.went == 1)
        await until(lambda: box.shown() == [])
    assert hidden == [masked] * len(hidden)


async def test_a_media_server_that_goes_ends_the_view(tmp_path: Path) -> None:
    async with school(tmp_path) as box:
        await box.start()
        await box.server.until_shown(1)
        box.server.vanish()
        await until(lambda: box.shown() == [])


def test_the_city_s_authority_is_a_file_or_nobody(tmp_path: Path) -> None:
    assert city_ca(str(folder() / "city" / "ca.crt")) == far_ca()
    assert city_ca("") == city_ca(str(tmp_path / "none.crt")) == city_ca(str(tmp_path)) == ""
