"""One detector at one camera: when it is due, what it cost, and that its failure is its own.

A detector that throws is off for this camera, is told, and is tried again with a new memory after a pause that grows.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.detectors import Looker, People, Plan
from agent.pipelines.networks import Networks
from agent.pipelines.scene import Scene
from agent.pipelines.scores import Spread
from agent.pipelines.sighting import Sighting
from agent.pipelines.watch import Detects, WatchedCamera
from drivers.readings import Counted, EyeTrouble, Worked

EARLY = 0.8  # of its interval: pictures do not come on the beat
PAUSE_S, PAUSE_MAX_S = 10.0, 600.0
GOOD_RUNS = 100  # after so many its failures are forgotten
PATIENCE_S = 20.0  # a suspicion that comes to nothing for so long is the view's own: no more pictures for it
FACT_CHARS = 200

Cells = NDArray[np.bool_]


class Duty:
    """Used by one thread at a time. `zones`: where it looks, as cells of the motion; empty: everywhere."""

    def __init__(
        self, name: Detects, plan: Plan, camera: WatchedCamera, zones: Mapping[str, Cells], networks: Networks
    ) -> None:
        self.name = name
        self.zones = dict(zones) if plan.zoned else {}
        self.trouble: EyeTrouble | None = None
        self.rests = False  # it is not its time; set by anybody
        self._plan = plan
        self._camera = camera
        self._networks = networks
        lines = name is Detects.PEOPLE and camera.watch.line  # these lie anywhere
        self._where = np.logical_or.reduce(list(self.zones.values())) if self.zones and not lines else None
        self._looker: Looker | None = None
        self._last_s = self._off_until_s = float("-inf")
        self._pause_s = PAUSE_S
        self._good = 0
        self._suspects_since_s: float | None = None
        self._spread = Spread()
        self.worked = Worked()  # since the eyes began; replaced, never changed: anybody may read it

    def due(self, scene: Scene) -> bool:
        """Whether it wants this picture."""
        if self.rests or scene.at_s < self._off_until_s or scene.at_s - self._last_s < EARLY * self._plan.every_s:
            return False
        return not self._plan.moving or self.suspects(scene.at_s) or (scene.awake and scene.motion.any(self._where))

    def run(self, scene: Scene) -> list[Sighting]:
        """What it says. Raises nothing."""
        self._last_s = scene.at_s
        began_ns = time.thread_time_ns()
        try:
            self._looker = self._looker or self._plan.make(self._camera.watch, self._networks)
            said = self._looker.look(scene)
            suspects, scored = self._looker.suspects(), self._looker.scored()
        except Exception as error:  # noqa: BLE001 - supervised: off for this camera, told, tried again later
            self._fail(error, scene.at_s)
            return []
        self._passed()
        if scored is not None:
            self._spread.add(scored, scene.at_s)
        since_s = scene.at_s if self._suspects_since_s is None else self._suspects_since_s
        self._suspects_since_s = since_s if suspects else None
        self.worked = msgspec.structs.replace(
            self.worked,
            runs=self.worked.runs + 1,
            ms=self.worked.ms + (time.thread_time_ns() - began_ns) / 1e6,
            hits=self.worked.hits + bool(suspects or said),
            votes=self.worked.votes + len(said),
            scores=self._spread.scores,
        )
        return said

    def wants_more(self, scene: Scene) -> bool:
        """Whether it wants more pictures than come by themselves: it suspects something, or runs at the whole rate."""
        return self.suspects(scene.at_s) or (self._plan.whole_rate and scene.motion.any(self._where))

    def suspects(self, at_s: float) -> bool:
        """Whether it has begun to suspect what it has not told yet."""
        return self._suspects_since_s is not None and at_s - self._suspects_since_s < PATIENCE_S

    def counted(self) -> Counted:
        """The people that it counts, if it does."""
        return self._looker.counted() if isinstance(self._looker, People) else Counted()

    def told(self) -> None:
        """One of its sightings was told."""
        self.worked = msgspec.structs.replace(self.worked, told=self.worked.told + 1)

    def _fail(self, error: Exception, at_s: float) -> None:
        self.trouble = EyeTrouble(
            camera=self._camera.name,
            detector=self.name.value,
            code="V-301",
            what=f"{self.name} at {self._camera.name} failed by itself: {fact(error)}",
            do="Send the log to support; the agent tries it again by itself.",
        )
        self._looker, self._good, self._suspects_since_s = None, 0, None
        self._off_until_s = at_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S)

    def _passed(self) -> None:
        self.trouble = None
        self._good += 1
        if self._good >= GOOD_RUNS:
            self._pause_s = PAUSE_S


def fact(error: Exception) -> str:
    """What failed, and where."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error}"[:FACT_CHARS] + f" ({Path(where.filename).name}:{where.lineno})"
