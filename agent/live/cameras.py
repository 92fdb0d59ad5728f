"""All that is asked of a box's cameras, together: live views, pictures of now, the list of all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.clock import Clock
from agent.config import Config
from agent.datasets import Live
from agent.evidence.store import Evidence
from agent.live.camera_list import CameraLister
from agent.live.open_cameras import OpenCameras
from agent.live.orders import camera_orders
from agent.live.stills import Stills
from agent.live.views import LiveViews
from agent.outbox.outbox import Outbox
from agent.school.told import Told
from agent.sources import Station, WhileOpen
from agent.sync.orders import Handler

log = logging.getLogger("agent.live")


class Cameras:
    """One per box; `views` runs for ever, and so does what lister() makes."""

    def __init__(
        self,
        config: Config,
        outbox: Outbox,
        evidence: Evidence,
        rules: Callable[[], Live | None],
        clock: Clock,
        told_forbidden: Callable[[str], None],
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._opened = OpenCameras()
        self._stills = Stills(self._opened, evidence.keep, outbox.accept, clock)
        self.views = LiveViews(
            outbox, clock, config.sources, self._opened, rules, lambda: city_ca(config.centre.ca), told_forbidden
        )

    def orders(self) -> dict[str, Handler]:
        return camera_orders(self.views, self._stills)

    def around(self, other: WhileOpen) -> WhileOpen:
        """What is entered with each open device."""
        return self._opened.around(other)

    def lister(
        self, stations: Sequence[Station], told: Told, tampered: Mapping[str, tuple[str, float]]
    ) -> CameraLister:
        return CameraLister(stations, told, tampered, self.views.may_be_shown, self._outbox.accept, self._clock)


def city_ca(path: str) -> str:
    """PEM of who vouches for the city's servers; empty if that is not known."""
    try:
        return Path(path).read_text(encoding="ascii") if path else ""
    except (OSError, ValueError) as error:
        log.warning("the city's CA cannot be read: %s", error)
        return ""
