"""Incidents as the school itself shows them: at lamps, sirens and readers, also with the line to the centre down.

Again    a light lasts two seconds and is shown anew while the incident waits: what loses the agent falls silent by
         itself, and a device that comes back joins in.
Ends     when somebody has said that they are on the way: by a card, a button, a command, the centre.
Drill    has a light of its own, and no siren.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from agent.config import SourceConfig
from agent.incidents.incidents import Incidents
from agent.incidents.kinds import MANNERS, Kind
from agent.incidents.rows import Incident
from agent.incidents.view import View
from agent.signals import Signals
from drivers.readings import Light

AGAIN_S = 1.5  # sooner than a light is over: the siren has no pause


class Alerts:
    """Which device shows which kinds, by the configuration."""

    def __init__(self, sources: Iterable[SourceConfig], signals: Signals) -> None:
        self._kinds: Mapping[str, frozenset[Kind]] = {one.name: frozenset(one.alerts) for one in sources if one.alerts}
        self.signals = signals

    def locally(self, incident: Incident) -> list[str]:
        """The devices that show this one."""
        return self._of(incident.kind) if MANNERS[incident.kind].lights else []

    def lit(self, views: Sequence[View]) -> dict[str, Light]:
        """What each device shows now: an incident before a drill."""
        found: dict[str, Light] = {}
        for view in sorted((one for one in views if one.lights), key=lambda one: not one.drill):
            light = Light.DRILL if view.drill else Light.ALERT
            found |= dict.fromkeys(self._of(view.kind), light)
        return found

    async def run(self, incidents: Incidents) -> None:
        """Shows them for ever."""
        changed = asyncio.Event()
        incidents.add_listener(changed.set)
        while True:
            changed.clear()
            lit = self.lit(incidents.open_now())
            for light in sorted(set(lit.values())):
                self.signals.alert([name for name, shown in lit.items() if shown is light], light)
            try:
                async with asyncio.timeout(AGAIN_S if lit else None):
                    await changed.wait()
            except TimeoutError:
                continue

    def _of(self, kind: Kind) -> list[str]:
        return [name for name, kinds in self._kinds.items() if kind in kinds]
