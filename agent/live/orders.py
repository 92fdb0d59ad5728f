"""The centre's orders about cameras: show one live, keep or stop that, take a picture. docs/protocol.md, section 6."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.event_words import Name, Uuid
from agent.live.stills import Stills
from agent.live.views import Asked, LiveViews
from agent.sync.orders import Handler, args_of
from agent.sync.topics import Order

PATH = r"^[!-~]{1,500}$(?!\n)"  # printable ASCII without spaces: no header can be smuggled in
Session = Annotated[Uuid, Meta(max_length=36)]


class StartArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`live.start`: to `rtsps://host:port/path`; for so many seconds at most, while it is kept."""

    session: Session
    camera: Name
    host: Annotated[str, Meta(pattern="^[a-z0-9.-]{1,253}$", description="of the dataset `live`")]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    path: Annotated[str, Meta(pattern=PATH, description="of this view alone: whoever knows it may look")]
    seconds: Annotated[int, Meta(ge=1, le=7_200)]
    by: Annotated[str, Meta(min_length=1, max_length=64, description="the account at the centre who asks for it")]
    main: Annotated[bool, Meta(description="the camera's main stream, where it has a smaller one too")] = False


class SessionArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`live.keep`: somebody still looks; at least every 30 s. `live.stop`."""

    session: Session


class SnapshotArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`camera.snapshot`: a picture of now."""

    camera: Name


class Snapped(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `camera.snapshot`: ids of evidence that is on its way; empty for a form that is not kept."""

    evidence: Annotated[str, Meta(description="the picture as it is, masks black")]
    blurred: Annotated[str, Meta(description="so coarse that nobody can be recognised")]


def camera_orders(views: LiveViews, stills: Stills) -> dict[str, Handler]:
    """Name of the order to what carries it out."""

    async def start(order: Order) -> dict[str, object]:
        args = args_of(order, StartArgs)
        by = re.sub(r"[^\w .@-]", "", args.by)  # it is shown on screens
        await views.start(Asked(**{**msgspec.structs.asdict(args), "by": by}))
        return {}

    async def keep(order: Order) -> dict[str, object]:
        views.keep(args_of(order, SessionArgs).session)
        return {}

    async def stop(order: Order) -> dict[str, object]:
        views.stop(args_of(order, SessionArgs).session)
        return {}

    async def snapshot(order: Order) -> dict[str, object]:
        ids = await stills.take(args_of(order, SnapshotArgs).camera)
        found: dict[str, object] = msgspec.to_builtins(Snapped(evidence=ids.snapshot, blurred=ids.blurred))
        return found

    return {"live.start": start, "live.keep": keep, "live.stop": stop, "camera.snapshot": snapshot}
