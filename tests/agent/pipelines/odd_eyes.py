"""The eyes with one detector that throws: that of fights. The others are as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent.pipelines import eyes
from agent.pipelines.eyes import Eyes, probe
from agent.pipelines.watch import Settings
from drivers.driver import Clock, Secrets

__all__ = ["Settings", "connect", "probe"]


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Eyes]:
    from agent.pipelines import detectors
    from agent.pipelines.networks import Networks
    from agent.pipelines.scene import Scene
    from agent.pipelines.scores import Scored
    from agent.pipelines.sighting import Sighting
    from agent.pipelines.watch import Detects, Watch

    class Throws:
        def __init__(self, watch: Watch, networks: Networks) -> None: ...

        def look(self, scene: Scene) -> list[Sighting]:
            raise ZeroDivisionError("a defect")

        def suspects(self) -> bool:
            return False

        def scored(self) -> Scored | None:
            return None

    odd = detectors.Plan(every_s=0.2, moving=False, make=Throws)
    detectors.PLANS = {**detectors.PLANS, Detects.FIGHT: odd}
    async with eyes.connect(settings, clock, secrets) as made:
        yield made
