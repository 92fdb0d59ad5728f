"""A zone's change becomes an alarm event: severity by state, the place by the configuration.

The certified panel stays the authority; this only tells what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent.events import ZoneChanged, draft
from agent.model import Draft, Moment, Severity
from drivers.readings import ZoneChange, ZoneState

SEVERITY: dict[ZoneState, Severity] = {
    ZoneState.FIRE: Severity.FATAL,
    ZoneState.EXTINGUISHING: Severity.FATAL,
    ZoneState.ATTENTION: Severity.ERROR,
    ZoneState.FAULT: Severity.ERROR,
    ZoneState.UNKNOWN: Severity.ERROR,
    ZoneState.DISABLED: Severity.WARN,
    ZoneState.TEST: Severity.WARN,
    ZoneState.RESTORED: Severity.INFO,
    ZoneState.NORMAL: Severity.INFO,
}


def changed(change: ZoneChange, sensor: str, places: Mapping[int, str], *, synced: bool) -> Draft:
    """The alarm event of a change. Its source is the single zone, so that one chattering zone hides no other."""
    data = ZoneChanged(
        sensor=sensor,
        zone=change.zone,
        place=places.get(change.zone, ""),
        state=change.state.value,
        before=change.before.value if change.before else "",
        codes=list(change.codes),
        words=change.words,
    )
    at = Moment(change.at_ns, change.monotonic_ns, synced)
    return draft(data, at, severity=SEVERITY[change.state], source=f"{sensor}/{change.zone}")


class ZoneMemory:
    """What was last told of each zone: only what differs is news. At the daemon's start everything is."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, int], ZoneState] = {}

    def news(self, change: ZoneChange, sensor: str) -> ZoneChange | None:
        """The change with the state told before; None if it was told already."""
        before = self._told.get((sensor, change.zone))
        if before is change.state:
            return None
        self._told[sensor, change.zone] = change.state
        return msgspec.structs.replace(change, before=before)

    def unusual(self, sensor: str) -> dict[int, ZoneState]:
        """Zones of a sensor that are not normal as last told, by number."""
        told = {zone: state for (name, zone), state in self._told.items() if name == sensor}
        return {zone: told[zone] for zone in sorted(told) if told[zone] is not ZoneState.NORMAL}
