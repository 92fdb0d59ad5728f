"""CSI cameras by what libcamera's tools print; tools that are missing, hang or babble."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.discovery import csi_cameras
from drivers.discovery.csi_cameras import Camera, listed
from drivers.discovery.found import Kind, settings
from tests.drivers.discovery.looked import all_of

SENSOR = "/base/soc/i2c0mux/i2c@1/imx219@10"
RPICAM = f"""Available cameras
-----------------
0 : imx219 [3280x2464 10-bit RGGB] ({SENSOR})
    Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]
                             1640x1232 [41.85 fps - (0, 0)/3280x2464 crop]
1 : imx708_wide [4608x2592 10-bit RGGB] (/base/soc/i2c0mux/i2c@0/imx708@1a)
"""
CAM = f"""Available cameras:
1: Internal front camera ({SENSOR})
2: 'imx708' (/base/soc/i2c0mux/i2c@0/imx708@1a)
3: External camera 'HD Webcam' (\\_SB_.PCI0.RP05.PXSX-2.1:1.0-046d:0825)
4: 'UVC Camera' (/base/scb/pcie@7d500000/usb@0,0-1.2:1.0-046d:0825)
"""


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (RPICAM, ["imx219 [3280x2464 10-bit RGGB]", "imx708_wide [4608x2592 10-bit RGGB]"]),
        (CAM, ["Internal front camera", "imx708"]),
        ("No cameras available!\n", []),
        ("Available cameras:\n", []),
        ("", []),
    ],
)
def test_the_tools_lists_are_read(output: str, words: list[str]) -> None:
    assert [camera.words for camera in listed(output)] == words


def test_a_camera_is_named_by_where_it_is_connected() -> None:
    assert listed(RPICAM)[0] == Camera("imx219 [3280x2464 10-bit RGGB]", SENSOR)


@given(st.text(max_size=500))
def test_any_output_is_read_without_a_crash(output: str) -> None:
    assert all(camera.words.isprintable() for camera in listed(output))


def says(output: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"print({output!r})")


async def test_the_first_tool_that_there_is_is_asked() -> None:
    found = await all_of(csi_cameras.look([("no-such-tool",), says(RPICAM), says(CAM)]))
    assert (found[0].kind, found[0].name) == (Kind.CAMERA, SENSOR)
    assert [one.proposal.settings for one in found if one.proposal] == [settings(camera=0), settings(camera=1)]


async def test_without_a_tool_there_is_nothing() -> None:
    assert await all_of(csi_cameras.look([("no-such-tool",)])) == []


async def test_a_tool_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(csi_cameras, "PATIENCE_S", 0.5)
    hangs = (sys.executable, "-c", "import time; print('0 : a (/b)', flush=True); time.sleep(60)")
    (found,) = await all_of(csi_cameras.look([hangs]))  # what it said before counts
    assert found.name == "/b"


async def test_a_tool_that_babbles_is_ended() -> None:
    babbles = (sys.executable, "-c", "while True: print('x' * 1000)")
    assert await all_of(csi_cameras.look([babbles])) == []
