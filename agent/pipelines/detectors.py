"""The detectors that the eyes run: how often, when at all, and how each is fed. Adding one: a class, a line in PLANS.

The detectors themselves are pure and stand in files of their own; here each gets the look that it wants and keeps its
memory from picture to picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from agent.pipelines.scene import Scene
from agent.pipelines.sighting import Sighting
from agent.pipelines.watch import Detects, Watch


class Looker(Protocol):
    """One detector of one camera."""

    def look(self, scene: Scene) -> list[Sighting]:
        """What it says of the picture, after its vote."""
        ...

    def suspects(self) -> bool:
        """Whether the last picture spoke for something that is not told yet: then it wants every picture."""
        ...


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """When a detector runs."""

    every_s: float  # at most so often
    moving: bool  # only while something moves in its zones
    zoned: bool = True  # whether it looks at zones; one that does not judges the whole picture
    make: Callable[[Watch], Looker]


PLANS: Mapping[Detects, Plan] = {}
