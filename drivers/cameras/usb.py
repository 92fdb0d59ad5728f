"""USB cameras (UVC) by V4L2: their own MJPEG or H.264 if they have it, else raw pictures.

Wire    /dev/video*, read by FFmpeg's v4l2 demuxer.
Raises  DeviceError V-101 not there, V-111 held or not ours, V-104 to V-107 and V-109 as every camera.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from drivers.cameras.view import View
from drivers.driver import Clock, Finding, Secrets, Verdict
from drivers.errors import DeviceError

if TYPE_CHECKING:
    from drivers.cameras.camera import Camera


class Form(StrEnum):
    MJPEG = "mjpeg"
    H264 = "h264"
    RAW = "raw"


class Settings(View, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about such a camera."""

    port: Annotated[
        str,
        Meta(
            description="the device by its stable name",
            examples=["/dev/v4l/by-id/usb-046d_C270-video-index0"],
            pattern=r"^/[^\x00]+$(?!\n)",
        ),
    ]
    form: Annotated[
        Form, Meta(description="how it sends its pictures: `v4l2-ctl --list-formats` shows what it can")
    ] = Form.MJPEG
    size: Annotated[
        str, Meta(description="width and height", examples=["1280x720"], pattern=r"^\d{2,5}x\d{2,5}$(?!\n)")
    ] = "1280x720"
    rate: Annotated[int, Meta(ge=1, le=60, description="pictures a second")] = 10


def probe(settings: Settings) -> Finding:
    """Whether the device is there and may be opened; opening alone starts nothing."""
    error = _looked_at(settings.port)
    if error is not None:
        return Finding.failed(error)
    return Finding(verdict=Verdict.OK, code="", what=f"{settings.port} is a device that opens")


def _looked_at(port: str) -> DeviceError | None:
    plug = "Plug the camera in; check the name in the configuration."
    try:
        if not stat.S_ISCHR(os.stat(port).st_mode) or not os.path.realpath(port).startswith("/dev/video"):
            return DeviceError("V-101", f"{port} is no camera", do=plug)
        os.close(os.open(port, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
    except PermissionError:
        return DeviceError("V-111", f"{port} may not be opened", do="Add the agent's user to the group video.")
    except OSError as error:
        if error.errno == errno.EBUSY:
            return DeviceError("V-111", f"{port} is held by another program", do=f"Find it with: fuser -v {port}.")
        return DeviceError("V-101", f"{port}: {error.strerror}", do=plug)
    except ValueError:
        return DeviceError("V-101", f"{port!r} is no name of a device", do=plug)
    return None


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Camera]:
    """Open the camera: a whole picture was decoded. Raises DeviceError."""
    from drivers.cameras.camera import open_camera
    from drivers.cameras.reader import Place

    error = _looked_at(settings.port)
    if error is not None:
        raise error
    options = {"video_size": settings.size, "framerate": str(settings.rate)}
    if settings.form is not Form.RAW:
        options["input_format"] = settings.form.value
    place = Place(name=settings.port, url=settings.port, form="v4l2", options=options)
    async with open_camera(settings, clock, place) as camera:
        yield camera
