"""The cameras on a screen, in three languages: what is wrong is to be seen, and an agent that does not run, too."""

from __future__ import annotations

import io
from datetime import datetime

import msgspec
import pytest

from agent.cli.camera_screen import draw
from agent.live.session import LiveShown
from agent.ops.camera_view import CameraRow, Listed
from agent.ops.device_trouble import NO_ENCODER_WHAT
from agent.ops.status import WeekView
from agent.texts import LANGUAGES, load_texts

AT = "2026-11-26T08:00:00.000000Z"
GATE = CameraRow(
    name="gate", driver="rtsp", state="working", sees=["fight", "fire"], seen="2026-11-26T07:59:58.800000Z",
    width_px=1280, height_px=720, rate=14.8, clock_off_s=-181.24,
    schedule={"fight": ["breaks", "night"]},
)  # fmt: skip
YARD = CameraRow(
    name="yard", driver="usb", state="failed", code="V-105", what="stalled for 8 s", seen="2026-11-26T07:20:00Z"
)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # a row is a line


def screen(*cameras: CameraRow, language: str = "en", running: bool = True) -> list[str]:
    out = io.StringIO()
    draw(Listed(school="school-07", at=AT if running else "", running=running, cameras=list(cameras)), out,
         load_texts(language))  # fmt: skip
    return out.getvalue().splitlines()


def test_each_camera_has_its_row() -> None:
    school, head, gate, yard, trouble = screen(GATE, YARD)
    assert school == "school-07"
    assert head.split() == ["camera", "state", "last", "picture", "pixels", "a", "second", "clock", "watched", "for"]
    assert gate.split()[:8] == ["gate", "works", "1", "s", "1280x720", "14.8", "-181.2", "s"]
    assert gate.rstrip().endswith(" fight (breaks, night), fire")
    assert yard.split() == ["yard", "FAILED", "40", "min", "—", "—", "—", "nothing"]
    assert trouble == "yard: V-105  stalled for 8 s"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_its_detectors_came_to_in_a_week_is_a_line(language: str) -> None:
    say = load_texts(language)
    week = WeekView(hits=1204, votes=12, told=3, dismissed=2)
    *_, line = screen(msgspec.structs.replace(GATE, week=week), language=language)
    assert line.startswith(f"gate, {say('week.title')}: ")
    assert [one.split()[-1] for one in line.split(",")[1:]] == ["1204", "12", "3", "2"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_agent_that_does_not_run_is_told(language: str) -> None:
    say = load_texts(language)
    lines = screen(CameraRow(name="gate", driver="rtsp", state=""), language=language, running=False)
    assert lines[1] == say("state.dead")
    assert lines[3].split()[:2] == ["gate", "—"]
    assert screen(language=language) == ["school-07", say("camera.none")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_shown_live_is_told(language: str) -> None:
    say = load_texts(language)
    *_, last = screen(msgspec.structs.replace(GATE, lacks_encoder=True), language=language)
    assert last == f"{GATE.name}: V-113  {say.fact('V-113', NO_ENCODER_WHAT)}"
    assert (last.endswith(NO_ENCODER_WHAT)) is (language == "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_looks_unseen(language: str) -> None:
    say = load_texts(language)
    live = LiveShown(camera="yard", by="operator olga", since=AT, host="media.example")
    *_, last = screen(GATE, msgspec.structs.replace(YARD, code="", live=[live]), language=language)
    since = datetime.fromisoformat(AT).astimezone()
    assert last == f"yard: {say('camera.live')}: operator olga, {say('camera.since')} {since:%H:%M:%S}"
    if language == "en":
        assert last.startswith("yard: live: operator olga, since ")
