"""USB cameras as far as they go without one: settings, what is looked at before, what is absent or no camera.

No camera and no kernel module that plays one were at hand: reading one was not tried.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from drivers.cameras import usb
from drivers.cameras.usb import Form, Settings
from drivers.driver import Driver, Verdict
from drivers.errors import DeviceError
from drivers.readings import PictureChange
from tests.clock import FastClock
from tests.secrets import no_secrets

_: Driver[Settings, PictureChange] = usb


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": "video0"},
        {"port": "/dev/video0", "size": "large"},
        {"port": "/dev/video0", "size": "1280x720:x"},
        {"port": "/dev/video0", "rate": 0},
        {"port": "/dev/video0", "form": "jpeg"},
        {"port": "/dev/video0\0"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)


@pytest.mark.parametrize("port", ["/dev/video-none", "/dev/null", "/dev/tty", "/", "/proc/self/mem", "/etc/passwd"])
async def test_what_is_no_camera_is_not_opened(port: str) -> None:
    """Another kind of device may not bear being opened."""
    settings = Settings(port=port, form=Form.RAW)
    found = usb.probe(settings)
    assert (found.verdict, found.code) == (Verdict.FAILED, "V-101")
    with pytest.raises(DeviceError) as caught:
        async with usb.connect(settings, FastClock(), no_secrets):
            pass
    assert caught.value.code == "V-101"


def test_a_link_to_what_is_no_camera_is_none(tmp_path: Path) -> None:
    link = tmp_path / "video0"
    link.symlink_to("/dev/null")
    assert usb.probe(Settings(port=str(link))).code == "V-101"


def test_a_file_in_the_place_of_a_camera_is_none(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.write_bytes(b"x")
    assert usb.probe(Settings(port=str(path))).code == "V-101"
