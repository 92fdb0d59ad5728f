"""How long to wait before a cell that ended is started again: longer each time, and for long when it never lives.

Pure: seconds of any steady clock go in.
"""

from __future__ import annotations

FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 30.0
QUARANTINE_S = 300.0
QUARANTINE_FROM = 8  # falls in a row: about a minute of trying
HEALTHY_S = 10.0  # a life of this length makes up for all falls before: one crash now and then is no quarantine


class Falls:
    """The falls of one cell."""

    def __init__(self) -> None:
        self.in_a_row = 0
        self.total = 0
        self._again_s = float("-inf")

    def fell(self, now_s: float, lived_s: float) -> None:
        """A process ended without being told to."""
        self.total += 1
        self.in_a_row = 1 if lived_s >= HEALTHY_S else self.in_a_row + 1
        self._again_s = now_s + self._pause_s()

    def left_s(self, now_s: float) -> float:
        """Seconds until it may be started again; 0 if it may be now."""
        return max(0.0, self._again_s - now_s)

    @property
    def quarantined(self) -> bool:
        return self.in_a_row >= QUARANTINE_FROM

    def _pause_s(self) -> float:
        if self.in_a_row <= 1:  # the first one: at once, its readers' queue stands and waits
            return 0.0
        if self.quarantined:
            return QUARANTINE_S
        return float(min(FIRST_PAUSE_S * 2 ** (self.in_a_row - 2), MAX_PAUSE_S))
