"""Where a picture comes from: the memory of the running agent, or the camera itself in a cell of its own."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from agent import config
from agent.cli import camera_picture
from agent.cli.camera_picture import take
from agent.config import Config
from agent.errors import AgentError
from agent.ops import status
from agent.ops.status import EyeView, SourceView, VideoView
from simulator.scenes import Sight, write_video
from tests.agent.cli.agent_with_picture import answering
from tests.agent.cli.command import write_config
from tests.drivers.slot_file import slot_in

CAMERA = """
[[camera]]
name = "hall"
driver = "file"
file = "{file}"
sees = ["tamper"]
masks = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]]
"""


@pytest.fixture
def box(tmp_path: Path) -> Config:
    write_video(tmp_path / "room.mkv", [(Sight.CLEAR, 2)], width=320, height=180)
    return config.load(write_config(tmp_path, more=CAMERA.format(file=tmp_path / "room.mkv")))


def lives(box: Config, clock: tuple[float, ...] = ()) -> None:
    """As if the agent ran, in this process."""
    pid = os.getpid()
    video = VideoView(width_px=320, height_px=180, rate=5.0, seen="")
    hall = SourceView(
        kind="camera", driver="file", state="working", since="", last_reading="", readings=0, garbled=0, repeats=0,
        video=video,
    )  # fmt: skip
    now = msgspec.structs.replace(
        status.blank("school-07"),
        pid=pid,
        pid_start=status.process_start(pid),
        sources={"hall": hall},
        eyes={"hall": EyeView(pictures_per_s=1.0, skipped=0, late_ms=0.0, detectors={}, clock=list(clock))},
    )
    box.state.live.parent.mkdir(exist_ok=True)
    status.write(box.state.live, now)


def refused(box: Config) -> AgentError:
    with pytest.raises(AgentError) as caught:
        take(box, box.sources[0])
    return caught.value


def test_from_the_memory_of_the_running_agent(box: Config, tmp_path: Path) -> None:
    lives(box)
    with slot_in(tmp_path / "hall") as slot, answering(box.state.control, {"hall": str(tmp_path / "hall")}):
        assert (refused(box).code, "none yet" in refused(box).what) == ("V-404", True)
        grey = cv2.cvtColor(np.full((180, 320, 3), 200, np.uint8), cv2.COLOR_BGR2YUV_I420)
        slot.put(grey.tobytes(), 320, 180, at_ns=7, monotonic_ns=8, moving=False)
        found = take(box, box.sources[0])
    assert (found.at_ns, found.picture.shape) == (7, (180, 320, 3))
    assert (int(found.picture[90, 80].max()), int(found.picture[90, 240].min()) > 190) == (0, True)  # masked, and not


@pytest.mark.parametrize("clock", [(0.7, 0.02, 0.95, 0.1), ()])
def test_with_it_comes_where_the_eyes_have_found_the_cameras_clock(
    box: Config, tmp_path: Path, clock: tuple[float, ...]
) -> None:
    lives(box, clock)
    with slot_in(tmp_path / "hall") as slot, answering(box.state.control, {"hall": str(tmp_path / "hall")}):
        slot.put(bytes(320 * 180 * 3 // 2), 320, 180, at_ns=7, monotonic_ns=8, moving=False)
        assert take(box, box.sources[0]).clock == (clock or None)


def test_of_a_camera_that_is_watched_for_nothing_the_agent_has_none(box: Config) -> None:
    lives(box)
    with answering(box.state.control, {}):
        assert refused(box).code == "V-405"


def test_a_memory_that_is_gone_or_none_is_told(box: Config, tmp_path: Path) -> None:
    lives(box)
    with answering(box.state.control, {"hall": str(tmp_path / "gone")}):
        assert refused(box).code == "V-404"
        (tmp_path / "gone").write_bytes(bytes(1_000_000))
        assert refused(box).code == "V-404"
    assert refused(box).code == "U-121"  # the agent has just ended


def test_without_the_agent_from_the_camera_itself(box: Config) -> None:
    found = take(box, box.sources[0])
    assert found.picture.shape == (180, 320, 3)
    assert found.picture[:, :158].max() == 0  # masked
    assert found.picture[:, 164:].std() > 5


def test_a_camera_that_is_not_there_says_so_in_its_own_words(box: Config, tmp_path: Path) -> None:
    (tmp_path / "room.mkv").unlink()
    assert refused(box).code == "V-101"


def test_a_camera_that_says_nothing_is_not_waited_for_for_ever(box: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_picture, "FIRST_S", 0.01)
    assert refused(box).code == "V-404"


def test_a_library_that_is_missing_is_named(box: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_picture, "find_spec", lambda name: None)
    found = refused(box)
    assert (found.code, "cv2" in found.what, "mektep-agent[vision]" in found.do) == ("V-404", True, True)
