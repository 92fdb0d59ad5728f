"""Only open cameras that can be asked are found, by name; who listens hears of their views and of their end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agent.live.open_cameras import OpenCameras
from agent.sources import Station
from drivers.driver import LiveProgress, Video
from tests.agent.live.box import Camera, config
from tests.clock import FastClock


def station(kind: str = "camera") -> Station:
    found = config("gate")
    return Station(
        type(found)(**{**{f: getattr(found, f) for f in found.__struct_fields__}, "kind": kind}), FastClock()
    )


def test_a_camera_is_found_while_it_is_open() -> None:
    opened, camera, heard = OpenCameras(), Camera(), []
    opened.tell(lambda one: heard.append(one.state), heard.append)
    assert opened.find("gate") is None
    with opened.while_open(station(), camera):  # type: ignore[arg-type]
        assert opened.find("gate") is camera
        camera.on_live(LiveProgress(session="x", state="going"))
    assert opened.find("gate") is None
    assert heard == ["going", "gate"]


def test_whether_its_pictures_can_be_made_anew_is_what_its_process_says() -> None:
    opened, camera = OpenCameras(), Camera()
    with opened.while_open(station(), camera):  # type: ignore[arg-type]
        found = [opened.can_be_encoded("gate")]
        for encodes in (None, False, True):
            camera.counters.video = Video(encodes=encodes)
            found.append(opened.can_be_encoded("gate"))
    assert found == [True, True, False, True]


def test_what_is_no_camera_or_cannot_be_asked_is_not_found() -> None:
    opened: OpenCameras = OpenCameras()
    source: Any
    for kind, source in (("reader", Camera()), ("camera", object())):
        with opened.while_open(station(kind), source):
            assert opened.find("gate") is None


def test_another_s_is_entered_too_and_left_last() -> None:
    opened, steps = OpenCameras(), []
    opened.tell(lambda _: None, lambda name: steps.append(f"closed {name}"))

    @contextmanager
    def other(_station: Station, _source: Any) -> Iterator[None]:
        steps.append("in")
        yield
        steps.append("out")

    source: Any = Camera()
    with opened.around(other)(station(), source):
        assert opened.find("gate") is source
    assert steps == ["in", "closed gate", "out"]
