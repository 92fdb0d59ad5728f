"""A video file as a camera: at its own pace, again and again. For trying out and for showing, not for a school.

Raises  DeviceError V-101 no such file, V-104, V-106 no whole picture, V-107 no video.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from drivers.cameras.view import View
from drivers.driver import Clock, Finding, Secrets, Verdict
from drivers.errors import DeviceError

if TYPE_CHECKING:
    from drivers.cameras.camera import Camera


class Settings(View, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the configuration may say about such a file."""

    file: Annotated[
        str, Meta(description="a video file", examples=["/srv/mektep/corridor.mp4"], pattern=r"^/[^\x00]+$(?!\n)")
    ]

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.file,)


def probe(settings: Settings) -> Finding:
    """Whether it is a file that can be read."""
    error = _looked_for(settings.file)
    if error is not None:
        return Finding.failed(error)
    return Finding(verdict=Verdict.OK, code="", what=f"{settings.file} can be read")


def _looked_for(path: str) -> DeviceError | None:
    if not os.path.isfile(path):
        return DeviceError("V-101", f"{path} is no file", do="Correct `file`.")
    if not os.access(path, os.R_OK):
        return DeviceError("V-101", f"{path} cannot be read", do="Give it to the agent's user.")
    return None


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Camera]:
    """Open the file: a whole picture was decoded. Raises DeviceError."""
    from drivers.cameras.camera import open_camera
    from drivers.cameras.reader import Place

    error = _looked_for(settings.file)
    if error is not None:
        raise error
    place = Place(name=settings.file, url=f"file:{settings.file}", paced=True)
    async with open_camera(settings, clock, place) as camera:
        yield camera
