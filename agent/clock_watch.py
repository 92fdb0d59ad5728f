"""Notices that the clock was set, and by how much: times recorded before are never rewritten, but can be explained.

UTC and CLOCK_BOOTTIME run side by side; when their difference jumps, the clock was set. Pure.
"""

from __future__ import annotations

JUMP_NS = 500_000_000  # NTP slews smaller steps itself; half a second never matters to a meal or an alarm


class ClockWatch:
    """Compares each look with the one before."""

    def __init__(self, utc_ns: int, monotonic_ns: int) -> None:
        self._offset_ns = utc_ns - monotonic_ns

    def look(self, utc_ns: int, monotonic_ns: int) -> int | None:
        """How much was added to UTC since the last look, nanoseconds; None if it only went on."""
        offset_ns = utc_ns - monotonic_ns
        jump_ns = offset_ns - self._offset_ns
        if abs(jump_ns) < JUMP_NS:
            return None
        self._offset_ns = offset_ns
        return jump_ns
