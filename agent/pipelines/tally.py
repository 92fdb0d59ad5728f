"""What a detector did, added up over reports and taken apart again: one place that goes through its counts. Pure."""

from __future__ import annotations

from agent.pipelines import scores
from drivers.readings import Worked


def plus(one: Worked, other: Worked) -> Worked:
    """Both together."""
    return _joined(one, other, 1)


def minus(now: Worked, before: Worked) -> Worked:
    """What has come since."""
    return _joined(now, before, -1)


def _joined(one: Worked, other: Worked, sign: int) -> Worked:
    join = scores.plus if sign > 0 else scores.minus
    return Worked(
        runs=one.runs + sign * other.runs,
        ms=round(one.ms + sign * other.ms, 2),
        hits=one.hits + sign * other.hits,
        votes=one.votes + sign * other.votes,
        told=one.told + sign * other.told,
        scores=join(one.scores, other.scores),
    )
