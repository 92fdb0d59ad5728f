"""The list of cameras: each state has its source, a change is told once it lasts, and all of it every few minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.config import SourceConfig
from agent.live.camera_list import CALM_S, EVERY_S, HELD_S, CameraLister
from agent.school.told import Told
from agent.sources import SourceState, Station, Trouble
from drivers.driver import Counters, Video
from drivers.readings import PictureChange, PictureState
from tests.agent.live.box import Box, Settings, box


class Police:
    """The list of two cameras, and a reader beside them."""

    def __init__(self, school: Box) -> None:
        self.school, self.told = school, Told()
        self.tampered: dict[str, tuple[str, float]] = {}
        self.stations = [
            Station(
                SourceConfig(name=name, kind=kind, driver="rtsp", settings=Settings(), places={}, place=place),
                school.clock,
            )
            for name, kind, place in (("gate", "camera", "entrance"), ("door", "reader", ""), ("yard", "camera", ""))
        ]
        self.gate, _, self.yard = self.stations
        self.list = CameraLister(
            self.stations, self.told, self.tampered, school.views.may_be_shown, school.outbox.accept, school.clock
        )

    def works(self, station: Station) -> None:
        station.now(SourceState.WORKING, None, 1)

    def state(self, name: str = "gate") -> str:
        return next(one.state for one in self.list.cameras() if one.camera == name)

    def picture(self, state: PictureState) -> None:
        self.told.news(PictureChange(state=state, before=None, jpeg=b"", at_ns=1, monotonic_ns=1), "gate")

    async def after(self, seconds: float) -> int:
        """How many lists were told so far."""
        self.school.clock.advance(seconds)
        await self.list.look()
        return len(await self.school.records("camera.list"))


@pytest.fixture
async def police(tmp_path: Path) -> AsyncIterator[Police]:
    async with box(tmp_path) as school:
        yield Police(school)


async def test_each_state_has_its_source(police: Police) -> None:
    assert police.state() == "unknown"
    police.gate.now(SourceState.FAILED, Trouble("V-101", "gone", "Look."), 1)
    assert police.state() == "lost"
    police.gate.now(SourceState.QUARANTINED, Trouble("R-190", "failed", "Send."), 1)
    assert police.state() == "lost"
    police.works(police.gate)
    assert police.state() == "clear"
    police.tampered["gate"] = ("turned", police.school.clock.monotonic_ns() / 1e9)
    assert police.state() == "turned"
    police.picture(PictureState.COVERED)
    assert police.state() == "covered"
    police.picture(PictureState.CLEAR)
    police.school.clock.advance(HELD_S - 1)
    assert police.state() == "turned"
    police.school.clock.advance(2)
    assert police.state() == "clear"


async def test_place_age_clock_and_whether_it_may_be_shown(police: Police) -> None:
    clock = police.school.clock
    police.works(police.gate)
    video = Video(seen_ns=clock.monotonic_ns(), clock_ns=clock.utc_ns() - clock.monotonic_ns() + 2_000_000_000)
    police.gate.opened(Counters(video=video))
    clock.advance(7.4)
    gate, yard = police.list.cameras()
    assert (gate.camera, gate.place, gate.picture_age_s, gate.clock_off_s, gate.live) == (
        "gate", "entrance", 7, 2.0, True,
    )  # fmt: skip
    assert (yard.camera, yard.picture_age_s, yard.clock_off_s) == ("yard", None, None)


async def test_it_is_told_when_it_is_calm_on_a_change_and_every_few_minutes(police: Police) -> None:
    for station in (police.gate, police.yard):
        police.works(station)
    assert await police.after(0) == 0
    assert await police.after(CALM_S) == 1
    assert await police.after(EVERY_S - 1) == 1
    assert await police.after(1) == 2
    police.picture(PictureState.COVERED)
    assert await police.after(0) == 2
    police.picture(PictureState.CLEAR)  # it flickers: no news
    assert await police.after(CALM_S) == 2
    police.picture(PictureState.COVERED)
    assert await police.after(0) == 2
    assert await police.after(CALM_S) == 3
    police.school.close("yard")
    assert await police.after(0) == 3
    assert await police.after(CALM_S) == 4
    last = (await police.school.records("camera.list"))[-1]["cameras"]
    assert [(one["camera"], one["state"], one["live"]) for one in last] == [
        ("gate", "covered", True), ("yard", "clear", False),
    ]  # fmt: skip


async def test_a_box_without_cameras_tells_none(police: Police) -> None:
    school = police.school
    lister = CameraLister([police.stations[1]], Told(), {}, lambda _: True, school.outbox.accept, school.clock)
    await lister.run()
    assert await school.records("camera.list") == []
