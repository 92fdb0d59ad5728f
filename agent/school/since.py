"""How long ago something was, and when it truly was, with clocks that cannot always be believed. Pure.

Within one boot the monotonic clock tells the time between two moments exactly, whatever UTC says. Across boots only two
trusted UTCs do. Without them one thing is certain: what was before this boot is at least as old as this boot.
"""

from __future__ import annotations

import msgspec

from agent.model import Moment


class Stamp(msgspec.Struct, frozen=True):
    """A moment in the life of the box."""

    utc_ns: int  # as the clock said
    trusted: bool  # whether it could be believed
    boot: str
    monotonic_ns: int  # since this boot began


def stamp(at: Moment, boot: str) -> Stamp:
    """A moment of this boot."""
    return Stamp(at.utc_ns, at.synced, boot, at.monotonic_ns)


def is_exact(then: Stamp, now: Stamp) -> bool:
    """Whether it is known how long ago it was."""
    return then.boot == now.boot or (then.trusted and now.trusted)


def elapsed_ns(then: Stamp, now: Stamp) -> int:
    """How long ago it was; at least so long, where that is not known exactly."""
    if then.boot == now.boot:
        return max(0, now.monotonic_ns - then.monotonic_ns)
    if then.trusted and now.trusted:
        return max(0, now.utc_ns - then.utc_ns)
    return now.monotonic_ns


def true_ns(then: Stamp, now: Stamp) -> int | None:
    """UTC of the earlier moment; None if nobody can tell."""
    if then.trusted:
        return then.utc_ns
    return now.utc_ns - elapsed_ns(then, now) if now.trusted and then.boot == now.boot else None


def true_now_ns(then: Stamp, now: Stamp) -> int | None:
    """UTC of now, from an earlier moment of this boot that knew it, if the clock itself does not; None likewise."""
    if now.trusted:
        return now.utc_ns
    return then.utc_ns + elapsed_ns(then, now) if then.trusted and then.boot == now.boot else None
