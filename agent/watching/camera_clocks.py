"""The clocks of cameras that tell theirs: how far off each is, and a trouble where it is too far.

Evidence hangs on it: the time in a picture, and the camera's own recordings, are by the camera's clock. What the agent
records is by the box's.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.clock import Clock
from agent.outbox.troubles import Trouble
from agent.sources import SourceState, Station

OFF_S = 2.0
RIGHT_S = 1.5  # it swings with the network: told from OFF_S on, and until it is well below


def off_s(station: Station, clock: Clock) -> float | None:
    """How far a camera's clock is ahead. None: it does not tell, or is not there, or the box's own is no measure."""
    video = station.counters.video
    if video is None or video.clock_ns is None or station.state is not SourceState.WORKING or not clock.synced():
        return None
    return round((video.clock_ns - (clock.utc_ns() - clock.monotonic_ns())) / 1e9, 1)


class CameraClocks:
    """Of one box; asked each second."""

    def __init__(self, stations: Sequence[Station], clock: Clock) -> None:
        self._stations = stations
        self._clock = clock
        self._since_ns: dict[str, int] = {}  # by camera

    def trouble(self) -> list[Trouble]:
        """Each camera whose clock is off now."""
        return [found for station in self._stations if (found := self._of(station)) is not None]

    def _of(self, station: Station) -> Trouble | None:
        name, off = station.config.name, off_s(station, self._clock)
        if off is None or abs(off) <= (RIGHT_S if name in self._since_ns else OFF_S):
            self._since_ns.pop(name, None)
            return None
        since_ns = self._since_ns.setdefault(name, self._clock.utc_ns())
        what = f"the clock of {name} is {_span(abs(off))} {'ahead' if off > 0 else 'behind'}"
        do = "Set the camera's time by NTP, on its own page; its time zone does not matter here."
        return Trouble(code="V-401", what=what, do=do, since_ns=since_ns)


def _span(seconds: float) -> str:
    """As people say it."""
    for unit, size in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"
