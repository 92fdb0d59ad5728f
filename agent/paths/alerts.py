"""Incidents as the school itself shows them: at lamps, sirens and readers, also with the line to the centre down.

Again    a light lasts two seconds and is shown anew while the incident waits: what loses the agent falls silent by
         itself, and a device that comes back joins in.
Ends     when somebody has said that they are on the way: by a card, a button, a command, the centre.
Siren    sounds for what is certain: a panel's fire, a person's word. A suspicion has a light and a buzzer; a drill has
         a light of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from agent.config import SourceConfig
from agent.incidents.incidents import Incidents
from agent.incidents.kinds import MANNERS, Certainty, Kind
from agent.incidents.rows import Incident
from agent.incidents.view import View
from agent.paths.signals import Signals
from drivers.readings import Light

AGAIN_S = 1.5  # sooner than a light is over: the siren has no pause


RISING = (Light.DRILL, Light.ALERT, Light.ALARM)


def _light(view: View) -> Light:
    if view.drill:
        return Light.DRILL
    return Light.ALARM if view.certainty is Certainty.CERTAIN else Light.ALERT


class Alerts:
    """Which device shows which kinds, by the configuration."""

    def __init__(self, sources: Iterable[SourceConfig], signals: Signals) -> None:
        self._kinds: Mapping[str, frozenset[Kind]] = {one.name: frozenset(one.alerts) for one in sources if one.alerts}
        self.signals = signals

    def locally(self, incident: Incident) -> list[str]:
        """The devices that show this one."""
        return self._of(incident.kind) if MANNERS[incident.kind].lights else []

    def lit(self, views: Sequence[View]) -> dict[str, Light]:
        """What each device shows now: what is certain before a suspicion, both before a drill."""
        found: dict[str, Light] = {}
        shown = [(_light(view), view.kind) for view in views if view.lights]
        for light, kind in sorted(shown, key=lambda one: RISING.index(one[0])):
            found |= dict.fromkeys(self._of(kind), light)
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
