"""A picture of one camera, now: from the memory that the agent shares with its eyes, else from the camera itself.

Running  the newest picture, of the agent's memory (agent/ops/picture_asks.py); a camera that is watched for nothing has
         none.
Dead     the camera is opened as the agent does it, in a cell, and its first reading brings a picture.
Raises   AgentError V-404 no picture, V-405 none while the agent runs, U-121, X-002; a driver's own errors as they are.
"""

from __future__ import annotations

import asyncio
import os
from importlib.util import find_spec
from typing import Any

import msgspec

from agent.cells.cells import Cells
from agent.cli.asking import ask
from agent.clock import SystemClock
from agent.config import Config, SourceConfig
from agent.errors import AgentError
from agent.ops import status
from agent.secrets import SecretStore
from drivers import catalog
from drivers.errors import DeviceError
from drivers.frame_slot import Picture
from drivers.readings import PictureChange

FIRST_S = 60.0  # one that is covered says so after a while


class Taken(msgspec.Struct, frozen=True):
    """BGR, uint8, (height, width, 3); and when."""

    picture: Any
    at_ns: int
    clock: tuple[float, float, float, float] | None = None  # where the running agent's eyes have found the camera's own


def take(config: Config, source: SourceConfig) -> Taken:
    """Masks are black in it. Raises AgentError."""
    _needs()
    try:
        last = status.read(config.state.live)
    except PermissionError as error:
        do = "Run it as root: sudo mektep camera"
        raise AgentError("X-002", f"{error.filename} cannot be read by this user", do=do) from error
    if last is not None and status.is_alive(last):
        return msgspec.structs.replace(_of_agent(config, source), clock=_clock(last, source.name))
    return asyncio.run(_of_camera(config, source))


def _needs() -> None:
    """Raises AgentError where the libraries are missing."""
    for library in ("cv2", "numpy"):
        if find_spec(library) is None:
            do = f"Run: {catalog.pip_install('vision')}"
            raise AgentError("V-404", f"pictures need {library}, which is not installed", do=do)


def _of_agent(config: Config, source: SourceConfig) -> Taken:
    from agent.pipelines import shown

    found = ask(config.state.control, "picture", Picture, camera=source.name)
    return Taken(shown.of_slot(found, source.watch), found.at_ns)


def _clock(last: status.Status, camera: str) -> tuple[float, float, float, float] | None:
    match last.eyes[camera].clock if camera in last.eyes else []:
        case [left, top, right, bottom]:
            return left, top, right, bottom
    return None


async def _of_camera(config: Config, source: SourceConfig) -> Taken:
    from agent.pipelines import shown

    clock = SystemClock()
    secrets = SecretStore(config.state.secrets)
    try:
        async with (
            Cells([source], clock, os.environ) as cells,
            asyncio.timeout(FIRST_S),
            cells.driver(source).connect(source.settings, clock, secrets) as camera,
        ):
            async for reading in camera:
                if isinstance(reading, PictureChange):
                    return Taken(shown.of_jpeg(reading.jpeg, source.watch), reading.at_ns)
    except DeviceError as error:
        raise AgentError(error.code, error.what, do=error.do) from error
    except TimeoutError:
        raise _none(source, f"none came within {FIRST_S:.0f} s") from None
    except ValueError as error:
        raise _none(source, str(error)) from error
    raise _none(source, "it ended")


def _none(source: SourceConfig, why: str) -> AgentError:
    do = "Look at `mektep camera list` for what is wrong with it; try again."
    return AgentError("V-404", f"there is no picture of {source.name}: {why}", do=do)
