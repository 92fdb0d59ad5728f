"""The eyes with odd detectors, at each camera that has them: one that sees a dark picture at once, one that throws."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent.pipelines import eyes
from agent.pipelines.eyes import Eyes, probe
from agent.pipelines.watch import Settings
from drivers.driver import Clock, Secrets

__all__ = ["Settings", "connect", "probe"]

DARK = 80  # grey level


@asynccontextmanager
async def connect(settings: Settings, clock: Clock, secrets: Secrets) -> AsyncIterator[Eyes]:
    from agent.pipelines import detectors
    from agent.pipelines.scene import Scene
    from agent.pipelines.sighting import Kind, Sighting
    from agent.pipelines.watch import Detects, Watch

    class SeesDark:
        def __init__(self, watch: Watch) -> None: ...

        def look(self, scene: Scene) -> list[Sighting]:
            dark = scene.grey[:, scene.grey.shape[1] // 2 :].mean() < DARK
            return [Sighting(kind=Kind.COVERED, score=1.0, at_s=scene.at_s, since_s=scene.at_s)] if dark else []

        def suspects(self) -> bool:
            return False

    class Throws(SeesDark):
        def look(self, scene: Scene) -> list[Sighting]:
            raise ZeroDivisionError("a defect")

    detectors.PLANS = {
        Detects.TAMPER: detectors.Plan(every_s=0.5, moving=False, zoned=False, make=SeesDark),
        Detects.FIGHT: detectors.Plan(every_s=0.2, moving=False, make=Throws),
    }
    async with eyes.connect(settings, clock, secrets) as made:
        yield made
