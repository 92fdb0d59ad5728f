"""When a deadline has passed, also over a boot. Pure.

Within a boot the monotonic clock tells exactly. After another boot a UTC that was trusted then and is trusted now does;
where it is not, nobody knows how long the box was off, and the deadline has passed. So has one that lies further ahead
than any deadline does: the clock was wrong when it was set, or is wrong now.
"""

from __future__ import annotations

from agent.incidents.kinds import MANNERS
from agent.school.since import Stamp

FURTHEST_S = max(max(one.end_s, one.decide_s, one.close_s) for one in MANNERS.values())


def after(now: Stamp, seconds: float) -> Stamp:
    """The moment so long from now."""
    ns = round(seconds * 1e9)
    return Stamp(now.utc_ns + ns, now.trusted, now.boot, now.monotonic_ns + ns)


def is_due(due: Stamp, now: Stamp) -> bool:
    """Whether it has passed."""
    return left_s(due, now) <= 0


def left_s(due: Stamp, now: Stamp) -> float:
    """How long from now; 0 or less: it has passed."""
    if due.boot == now.boot:
        return (due.monotonic_ns - now.monotonic_ns) / 1e9
    left = (due.utc_ns - now.utc_ns) / 1e9 if due.trusted and now.trusted else 0.0
    return left if left <= FURTHEST_S else 0.0
