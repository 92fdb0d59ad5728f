"""The cameras of a box as `mektep camera list` tells them: what is configured, and how the running agent finds them."""

from __future__ import annotations

import msgspec

from agent.config import Config, SourceConfig
from agent.live.session import LiveShown
from agent.ops import status
from agent.watching.camera_clocks import OFF_S

NO_VIDEO = status.VideoView(width_px=0, height_px=0, rate=0.0, seen="")


class CameraRow(msgspec.Struct, frozen=True, kw_only=True):
    """One camera."""

    name: str
    driver: str
    state: str  # of its source; empty if the agent does not run
    code: str = ""
    what: str = ""
    sees: list[str] = []
    schedule: dict[str, list[str]] = {}  # when each of them looks; one that is not named always does
    seen: str = ""  # when its last picture came
    width_px: int = 0
    height_px: int = 0
    rate: float = 0.0  # pictures a second
    clock_off_s: float | None = None  # None: its stream does not tell
    week: status.WeekView = status.WeekView()
    live: list[LiveShown] = []  # who looks at it now
    lacks_encoder: bool = False  # for its live view, whose pictures must be made anew

    @property
    def is_well(self) -> bool:
        return self.state == "working" and not self.clock_is_off and not self.lacks_encoder

    @property
    def clock_is_off(self) -> bool:
        return self.clock_off_s is not None and abs(self.clock_off_s) > OFF_S


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """`list --json`."""

    school: str
    at: str  # of what is told; empty if the agent does not run
    running: bool
    cameras: list[CameraRow]


def camera_view(config: Config, last: status.Status | None) -> Listed:
    """`last`: the agent's last picture of itself."""
    live = last if last is not None and status.is_alive(last) else None
    rows = [_row(source, live) for source in config.sources if source.kind == "camera"]
    return Listed(school=config.school, at=live.at if live else "", running=live is not None, cameras=rows)


def _row(source: SourceConfig, live: status.Status | None) -> CameraRow:
    view = live.sources.get(source.name) if live else None
    video = (view.video if view else None) or NO_VIDEO
    shown = [one for one in live.live if one.camera == source.name] if live else []
    return CameraRow(
        name=source.name,
        driver=source.driver,
        state=view.state if view else "",
        code=view.code if view else "",
        what=view.what if view else "",
        sees=[one.value for one in source.watch.sees],
        schedule={name.value: list(when) for name, when in source.watch.schedule.items()},
        seen=video.seen,
        width_px=video.width_px,
        height_px=video.height_px,
        rate=video.rate,
        clock_off_s=video.clock_off_s,
        live=shown,
        lacks_encoder=video.encodes is False,
        week=live.eyes[source.name].week if live and source.name in live.eyes else status.WeekView(),
    )
