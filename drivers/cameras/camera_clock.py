"""What a camera's own clock says, where its stream tells it: RTCP's sender reports tie pictures to the camera's UTC.

Wire    RFC 3550, 6.4.1. FFmpeg puts the time of each picture beside its packet, as a producer reference time:
        microseconds of UTC (int64), flags (int32), both in this machine's order.
Steady  it is compared with this machine's steady clock, not with its UTC: the daemon knows better what time it is.
Late    a picture comes when it was encoded and sent, some tenths of a second after the moment that it tells.
Not     a camera without a clock: such a one reports zero, or the time since it began (RFC 3550), years before 1970.
"""

from __future__ import annotations

import statistics
import struct
from collections import deque

PRODUCED = struct.Struct("=qi")
LAST_US = 4_102_444_800_000_000  # 2100: RTCP's seconds begin anew in 2036
KEPT = 15  # the last keyframes: half a minute at most cameras; one that is far off changes nothing


def told_ns(side_data: bytes) -> int | None:
    """The camera's UTC of a picture; None if it has no clock."""
    if len(side_data) < PRODUCED.size:
        return None
    wall_us, _ = PRODUCED.unpack_from(side_data)
    return int(wall_us) * 1_000 if 0 < wall_us < LAST_US else None


class CameraClock:
    """Of one connection."""

    def __init__(self) -> None:
        self._offsets: deque[int] = deque(maxlen=KEPT)

    def take(self, utc_ns: int, monotonic_ns: int) -> int:
        """A picture came then. Returns the camera's UTC minus our steady clock, by the last pictures."""
        self._offsets.append(utc_ns - monotonic_ns)
        return int(statistics.median_low(self._offsets))
