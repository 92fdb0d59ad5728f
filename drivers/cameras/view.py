"""What may be set for every camera, whatever it is connected by: how its picture is judged, how much of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from drivers.cameras.attention import Settings as AttentionSettings
    from drivers.cameras.watch import Settings as WatchSettings


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that every camera has."""

    covered_s: Annotated[
        float, Meta(ge=1, le=600, description="how long nothing must be seen, in seconds, to be told as covered")
    ] = 10.0
    frozen_s: Annotated[
        float,
        Meta(ge=5, le=3600, description="how long the picture must stand still, in seconds, to be told as frozen"),
    ] = 60.0
    dark_is_covered: Annotated[
        bool,
        Meta(description="false where the lights go out and the camera has no infrared: black is no cover"),
    ] = True

    masks: Annotated[
        tuple[tuple[tuple[float, float], ...], ...],
        Meta(description="parts of the picture that nobody sees; written as the `masks` of every camera"),
    ] = ()

    @property
    def watch(self) -> WatchSettings:
        """Imported here: it brings numpy, which the daemon itself does without."""
        from drivers.cameras.watch import Settings

        return Settings(covered_s=self.covered_s, frozen_s=self.frozen_s, dark_is_covered=self.dark_is_covered)


class View(Judged, frozen=True, kw_only=True):
    """The settings of a camera whose video comes encoded: its last seconds are kept as they came."""

    always_awake: Annotated[
        bool,
        Meta(
            description="true: every picture is looked at, also where nothing seems to move: for a camera of constant "
            "bit rate at a place where seconds matter; costs about ten times as much"
        ),
    ] = False
    ring_s: Annotated[
        float, Meta(ge=1, le=60, description="seconds of video kept in memory, for the time before an incident")
    ] = 40.0
    ring_mb: Annotated[int, Meta(ge=1, le=32, description="memory for that in MB, whatever the seconds")] = 12

    @property
    def attention(self) -> AttentionSettings:
        """Imported here, as above."""
        from drivers.cameras.attention import Settings

        return Settings(always=self.always_awake)
