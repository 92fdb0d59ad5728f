"""What the commands of this box may ask of the cameras' memory: the newest picture of one, as its cell put it there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agent.errors import AgentError
from agent.ops.control import Handler, args_of
from drivers.frame_slot import FrameSlot, Picture

LOOK = "`mektep camera list` says how the camera is."


class PictureArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    camera: Annotated[str, Meta(max_length=64)]


def picture_asks(slot: Callable[[str], str]) -> dict[str, Handler]:
    """slot: the place of a camera's memory; empty if nobody looks at it."""

    async def picture(args: dict[str, Any], _account: str) -> Picture:
        camera = args_of(args, PictureArgs).camera
        place = slot(camera)
        if not place:
            do = 'Give it something to look for, such as sees = ["tamper"], and restart the agent; or stop the agent.'
            raise AgentError("V-405", f"{camera} is watched for nothing: the agent shares no picture of it", do=do)
        try:
            found = await asyncio.to_thread(FrameSlot.look, place)
        except (OSError, ValueError) as error:
            raise AgentError("V-404", f"{camera} has no picture: {error}", do=LOOK) from error
        if found is None:
            raise AgentError("V-404", f"{camera} has no picture: it has given none yet", do=LOOK)
        return found

    return {"picture": picture}
