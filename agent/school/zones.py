"""A zone's change becomes an alarm event: severity by state, the place by the configuration.

The certified panel stays the authority; this only tells what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping

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
        indicative=change.indicative,
    )
    at = Moment(change.at_ns, change.monotonic_ns, synced)
    return draft(data, at, severity=SEVERITY[change.state], source=f"{sensor}/{change.zone}")
