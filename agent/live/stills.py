"""A picture of now that the centre has ordered: kept as evidence in both forms, and on the record as a viewing.

Where it cannot be put on the record, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

from agent.clock import Clock
from agent.events import CameraViewed, draft
from agent.evidence.picture import Ids, Shows
from agent.live.open_cameras import OpenCameras
from agent.model import Draft, Severity
from agent.sync.orders import Failed
from agent.wall_time import rfc3339
from drivers.errors import DeviceError

BY, WHAT = "centre", "order"


class Stills:
    """One per box."""

    def __init__(
        self,
        opened: OpenCameras,
        keep: Callable[[Shows, str, Severity], Awaitable[Ids]],
        accept: Callable[[Sequence[Draft]], Awaitable[object]],
        clock: Clock,
    ) -> None:
        self._opened = opened
        self._keep = keep
        self._accept = accept
        self._clock = clock

    async def take(self, camera: str) -> Ids:
        """Raises Failed, with a word of docs/live.md or a driver's code."""
        filmed = self._opened.find(camera)
        if filmed is None:
            raise Failed("camera_gone")
        try:
            still = await filmed.still()
        except DeviceError as error:
            raise Failed(f"{error.code} {error.what}") from error
        shown = rfc3339(self._clock.utc_ns())
        viewed = CameraViewed(camera=camera, viewing=str(uuid4()), by=BY, what=WHAT, shown=shown)
        await self._accept([draft(viewed, self._clock.now(), source=f"{camera}/viewed")])
        ids = await self._keep(still, camera, Severity.WARN)
        if not (ids.snapshot or ids.blurred):
            raise Failed("not_kept")
        return ids
