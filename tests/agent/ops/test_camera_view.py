"""Each configured camera is listed, with what the running agent says of it, and without where it does not run."""

from __future__ import annotations

import os

import msgspec
import pytest

from agent.config import Config, SourceConfig, StatePlaces
from agent.ops import status
from agent.ops.camera_view import CameraRow, camera_view
from agent.ops.status import SourceView, Status, VideoView
from agent.pipelines.watch import Detects, Watch

AT = "2026-11-26T08:00:00.000000Z"
VIDEO = VideoView(width_px=1280, height_px=720, rate=14.8, seen=AT, clock_off_s=0.4)


NOTHING = Watch()


def source(name: str, kind: str = "camera", watch: Watch = NOTHING) -> SourceConfig:
    return SourceConfig(name=name, kind=kind, driver="rtsp", settings=VIDEO, places={}, watch=watch)


IN_BREAKS = Watch(sees=[Detects.FIGHT], schedule={Detects.FIGHT: ["breaks"]})
CONFIG = Config(
    file="box.toml", school="school-07", state=StatePlaces(), centre=None, outbox=None,  # type: ignore[arg-type]
    sources=(source("gate", watch=IN_BREAKS), source("yard"), source("canteen-1", "reader")),
)  # fmt: skip


def view(state: str, video: VideoView | None, code: str = "") -> SourceView:
    return SourceView(
        kind="camera", driver="rtsp", state=state, since=AT, last_reading="", readings=1, garbled=0, repeats=0,
        code=code, what="stalled" if code else "", video=video,
    )  # fmt: skip


def living(**sources: SourceView) -> Status:
    pid = os.getpid()
    found = status.blank("school-07")
    return msgspec.structs.replace(found, at=AT, pid=pid, pid_start=status.process_start(pid), sources=sources)


def test_what_the_agent_says_stands_beside_what_is_configured() -> None:
    found = camera_view(CONFIG, living(gate=view("working", VIDEO), yard=view("failed", None, "V-105")))
    assert (found.school, found.at, found.running) == ("school-07", AT, True)
    gate, yard = found.cameras
    assert gate == CameraRow(
        name="gate", driver="rtsp", state="working", sees=["fight"], schedule={"fight": ["breaks"]}, seen=AT,
        width_px=1280, height_px=720, rate=14.8, clock_off_s=0.4,
    )  # fmt: skip
    assert yard == CameraRow(name="yard", driver="rtsp", state="failed", code="V-105", what="stalled")


@pytest.mark.parametrize("last", [None, status.blank("school-07")])
def test_of_an_agent_that_does_not_run_only_the_configuration_is_known(last: Status | None) -> None:
    found = camera_view(CONFIG, last)
    assert (found.at, found.running) == ("", False)
    assert [(row.name, row.state, row.seen) for row in found.cameras] == [("gate", "", ""), ("yard", "", "")]


@pytest.mark.parametrize(
    ("state", "off", "well"),
    [("working", None, True), ("working", -1.9, True), ("working", 2.1, False), ("working", -2.1, False),
     ("failed", None, False), ("", None, False)],
)  # fmt: skip
def test_a_camera_is_well_if_it_works_and_its_clock_is_right(state: str, off: float | None, well: bool) -> None:
    assert CameraRow(name="gate", driver="rtsp", state=state, clock_off_s=off).is_well is well


@pytest.mark.parametrize(("encodes", "lacks"), [(None, False), (True, False), (False, True)])
def test_a_camera_that_cannot_be_shown_live_for_want_of_an_encoder_is_not_well(
    encodes: bool | None, lacks: bool
) -> None:
    video = msgspec.structs.replace(VIDEO, encodes=encodes)
    gate, _ = camera_view(CONFIG, living(gate=view("working", video))).cameras
    assert (gate.lacks_encoder, gate.is_well) == (lacks, not lacks)
