"""USB cameras: each once, by a name that lasts; the board's own decoders are none."""

from __future__ import annotations

from pathlib import Path

from drivers.discovery import usb_cameras
from drivers.discovery.found import Kind, Proposal, settings
from tests.drivers.discovery.board import Board
from tests.drivers.discovery.looked import all_of

WEBCAM = {"id": "046d:0825", "manufacturer": "", "product": "Webcam C270"}


async def test_a_camera_is_found_once_by_its_lasting_name(tmp_path: Path) -> None:
    board = Board(tmp_path)
    hardware = board.usb("1-3", WEBCAM)
    board.camera("video0", hardware, "Webcam C270", link="usb-046d_C270-video-index0")
    board.camera("video1", hardware, "Webcam C270", index="1")
    (found,) = await all_of(usb_cameras.look(tmp_path))
    name = str(tmp_path / "dev/v4l/by-id/usb-046d_C270-video-index0")
    assert (found.kind, found.what, found.name) == (Kind.CAMERA, "Webcam C270", name)
    assert found.proposal == Proposal(kind="camera", driver="usb", settings=settings(port=name))


async def test_without_a_link_it_is_called_as_the_kernel_does(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.camera("video0", board.usb("1-3", WEBCAM), "")
    (found,) = await all_of(usb_cameras.look(tmp_path))
    assert (found.name, found.what) == (str(tmp_path / "dev/video0"), "Webcam C270")


async def test_the_boards_own_decoders_are_no_cameras(tmp_path: Path) -> None:
    board = Board(tmp_path)
    hardware = tmp_path / "sys/devices/platform/bcm2835-codec"
    hardware.mkdir(parents=True)
    board.camera("video10", hardware, "bcm2835-codec-decode")
    assert await all_of(usb_cameras.look(tmp_path)) == []
    assert await all_of(usb_cameras.look(tmp_path / "none")) == []
