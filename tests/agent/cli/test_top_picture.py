"""The camera in the terminal: one pixel a block and no more, from the running agent, by a process of its own."""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import config
from agent.cli.top_picture import Peek, Peeking, half_blocks, peek
from agent.ops import status
from agent.ops.status import VideoView
from simulator.scenes import Sight, write_video
from tests.agent.cli.agent_with_picture import answering
from tests.agent.cli.looks import box, living, source
from tests.drivers.slot_file import slot_in


@pytest.fixture
def found(tmp_path: Path) -> config.Config:
    write_video(tmp_path / "room.mkv", [(Sight.CLEAR, 1)], width=320, height=180)
    return box(tmp_path, cameras=True)


def lives(found: config.Config) -> None:
    video = VideoView(width_px=320, height_px=180, rate=5.0, seen="")
    living(found, sources={"hall": source(kind="camera", video=video)})


async def test_one_pixel_a_block_from_a_process_of_its_own(found: config.Config, tmp_path: Path) -> None:
    lives(found)
    with slot_in(tmp_path / "hall") as slot, answering(found.state.control, {"hall": str(tmp_path / "hall")}):
        noise = np.random.default_rng(1).integers(0, 256, (180, 320, 3), np.uint8)
        slot.put(cv2.cvtColor(noise, cv2.COLOR_BGR2YUV_I420).tobytes(), 320, 180, at_ns=7, monotonic_ns=8, moving=False)
        peeking = Peeking(found.file, "hall")
        one = await peeking.next()
        again = await peeking.next()
        await peeking.end()
    assert one == again
    assert (one.at_ns, one.width, one.height) == (7, 46, 26)
    assert len(one.rgb) == one.width * one.height * 3
    pixels = np.frombuffer(one.rgb, np.uint8)
    assert pixels.std() < 30, "noise is evened out within a block"


def test_why_there_is_none(found: config.Config) -> None:
    assert peek(found, "hall").code == "D-001"
    lives(found)
    with answering(found.state.control, {}):
        assert peek(found, "hall").code == "V-405"
    now = status.read(found.state.live)
    assert now is not None
    status.write(found.state.live, msgspec.structs.replace(now, pid_start=1))
    assert peek(found, "hall").code == "D-001", "a dead agent's camera is not opened"


async def test_a_process_that_ends_is_said_and_started_again() -> None:
    peeking = Peeking("/no/such/file", "hall")
    assert (await peeking.next()).code == "X-003"
    assert (await peeking.next()).code == "X-003"
    await peeking.end()


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_half_blocks_have_the_size_of_the_picture(width: int, height: int, data: st.DataObject) -> None:
    size = width * height * 3
    lines = half_blocks(Peek(width=width, height=height, rgb=data.draw(st.binary(min_size=size, max_size=size)))).plain
    assert [len(line) for line in lines.split("\n")] == [width] * ((height + 1) // 2)


def test_equal_neighbours_share_a_code() -> None:
    grey = half_blocks(Peek(width=40, height=20, rgb=bytes([100] * 40 * 20 * 3)))
    assert len(grey.spans) == 10
    assert {str(span.style) for span in grey.spans} == {"#606060 on #606060"}
