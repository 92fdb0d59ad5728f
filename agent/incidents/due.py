"""When a deadline has passed, also over a boot. Pure.

Within a boot the monotonic clock tells exactly. After another boot a UTC that was trusted then and is trusted now does;
where it is not, nobody knows how long the box was off, and the deadline has passed.
"""

from __future__ import annotations

from agent.school.since import Stamp


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
    return (due.utc_ns - now.utc_ns) / 1e9 if due.trusted and now.trusted else 0.0
