"""A child's visit of a club: how long it was, whether it counts, and when it is ended without a tap. Pure.

Counted   from a tap in to a tap out, at least the club's minimum. A tap at another club is a tap out of this one.
By rule   LATE_MIN after the end of the club's time the visit ends without a tap, and does not count. Where the time is
          not known (the clock is not trusted, the timetable has changed), after LONGEST_MIN.
"""

from __future__ import annotations

import msgspec

from agent.datasets import Calendar, Club
from agent.school.calendar import local, minute_of
from agent.school.since import Stamp, elapsed_ns, true_now_ns, true_ns

LATE_MIN = 30
LONGEST_MIN = 240
MOST_MIN = 1_440  # what an event may say
MINUTE_NS = 60_000_000_000


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A child in a club."""

    number: int
    pupil: str
    club: str
    voucher: str
    day: str  # empty: the clock was not trusted when the child came
    reader: str
    came: Stamp


class Ending(msgspec.Struct, frozen=True):
    """How a visit ended."""

    ended: str  # tap, rule
    counted: bool
    reason: str  # why it is not counted; empty
    minutes: int
    tenge: int


def is_over(visit: Visit, club: Club | None, now: Stamp, calendar: Calendar | None) -> bool:
    """Whether it ends by rule."""
    came_ns, now_ns = true_ns(visit.came, now), true_now_ns(visit.came, now)
    if came_ns is None or now_ns is None:
        return _minutes(visit, now) >= LONGEST_MIN
    came = local(came_ns, calendar)
    ends = _ends(club, came.weekday, came.minute)
    last = came.minute + LONGEST_MIN if ends is None else ends + LATE_MIN
    heres = [local(now_ns, calendar)]
    if visit.came.boot == now.boot:  # a trusted clock may have been set since then: the steady one must say so, too
        heres.append(local(came_ns + elapsed_ns(visit.came, now), calendar))
    return all(here.day != came.day or here.minute > last for here in heres)


def _ends(club: Club | None, weekday: int, minute: int) -> int | None:
    """When the time ends in which a child came."""
    times = [minute_of(time.ends) for time in club.times if time.weekday == weekday] if club else []
    return min((ends for ends in times if ends > minute), default=None)


def by_tap(visit: Visit, club: Club | None, now: Stamp, *, elsewhere: bool) -> Ending:
    """The end by a tap out, or by a tap at another club."""
    minutes = _minutes(visit, now)
    if club is None:
        return Ending("tap", False, "no_data", minutes, 0)
    if minutes < club.minimum_min:
        return Ending("tap", False, "overlap" if elsewhere else "too_short", minutes, 0)
    return Ending("tap", True, "", minutes, club.tenge)


def by_rule(visit: Visit, now: Stamp) -> Ending:
    """The end without a tap."""
    return Ending("rule", False, "no_tap_out", _minutes(visit, now), 0)


def _minutes(visit: Visit, now: Stamp) -> int:
    """At least so long the child was inside."""
    return min(elapsed_ns(visit.came, now) // MINUTE_NS, MOST_MIN)
