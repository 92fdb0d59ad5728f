"""How a detector's scores are spread: counts in bins of equal width, on the scale that heads answer in. Pure.

Score   0..1; a detector tells from its threshold on. Bins are a quarter of a logit wide: near 1, where thresholds are
        set, they are narrow.
Minutes the highest score of the vote in each minute, since the same is told about once a minute. What goes on in the
        next minute is told once: `again` counts it apart, so that a lamp that fools a detector all day is one alarm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from drivers.readings import Scores

BINS = 64
LOWEST, WIDTH = -8.0, 0.25  # of a logit
MINUTE_S = 60.0
DIGITS = 4  # of a score as it is told and written
TOUCH = 1e-9  # a threshold that was written down and read again is in the bin that it begins


class Scored(msgspec.Struct, frozen=True):
    """What one look came to."""

    look: float | None  # by itself; None: nothing was to be looked at
    vote: float | None  # with those before; None: too few yet


def share(logit: float) -> float:
    """A logit as a score."""
    return 1.0 / (1.0 + math.exp(-min(30.0, max(-30.0, logit))))


def logit(score: float) -> float:
    """A score as heads answer."""
    return math.log(max(score, 1e-6) / max(1 - score, 1e-6))


def bin_of(score: float) -> int:
    """Where a score is counted."""
    return min(BINS - 1, max(0, math.floor((logit(score) + TOUCH - LOWEST) / WIDTH)))


def edge(place: int) -> float:
    """The threshold that a bin begins with, as it is written: nothing of the bin before reaches it."""
    steps = 10.0**DIGITS
    return math.ceil(share(LOWEST + WIDTH * place) * steps) / steps


EDGES = tuple(edge(place) for place in range(BINS))


class Spread:
    """Of one detector at one camera, since it began. `scores` is replaced, never changed: anybody may read it."""

    def __init__(self) -> None:
        self.scores = Scores()
        self._minute = -1
        self._peak: float | None = None
        self._before: float | None = None  # of the minute just before

    def add(self, one: Scored, at_s: float) -> None:
        """A look; times never go back."""
        minute = int(at_s // MINUTE_S)
        if minute != self._minute:
            self._close(followed=minute == self._minute + 1)
            self._minute = minute
        if one.vote is not None:
            self._peak = one.vote if self._peak is None else max(self._peak, one.vote)
        if one.look is not None:
            self.scores = msgspec.structs.replace(self.scores, looks=_with(self.scores.looks, one.look))

    def _close(self, *, followed: bool) -> None:
        """A minute is over."""
        peak, before = self._peak, self._before
        self._peak, self._before = None, peak if followed else None
        if peak is None:
            return
        again = self.scores.again if before is None else _with(self.scores.again, min(peak, before))
        self.scores = msgspec.structs.replace(self.scores, minutes=_with(self.scores.minutes, peak), again=again)


def plus(one: Scores, other: Scores) -> Scores:
    """Both together."""
    return Scores(
        looks=_sum(one.looks, other.looks, 1),
        minutes=_sum(one.minutes, other.minutes, 1),
        again=_sum(one.again, other.again, 1),
    )


def minus(now: Scores, before: Scores) -> Scores:
    """What has come since."""
    return Scores(
        looks=_sum(now.looks, before.looks, -1),
        minutes=_sum(now.minutes, before.minutes, -1),
        again=_sum(now.again, before.again, -1),
    )


def alarms(scores: Scores) -> list[int]:
    """For each of EDGES how often a detector would have told with it as its threshold; never more for a higher one.

    A lower threshold joins what a higher one tells apart; still it is not counted as the quieter of the two.
    """
    found, told = [0] * BINS, 0
    for place in reversed(range(BINS)):
        told += scores.minutes.get(place, 0) - scores.again.get(place, 0)
        found[place] = max(told, found[place + 1] if place + 1 < BINS else 0)
    return found


def hits(scores: Scores) -> list[int]:
    """For each of EDGES how many looks reached it."""
    found, count = [0] * BINS, 0
    for place in reversed(range(BINS)):
        count += scores.looks.get(place, 0)
        found[place] = count
    return found


def _with(counts: Mapping[int, int], score: float) -> dict[int, int]:
    place = bin_of(score)
    return {**counts, place: counts.get(place, 0) + 1}


def _sum(one: Mapping[int, int], other: Mapping[int, int], sign: int) -> dict[int, int]:
    both = {place: one.get(place, 0) + sign * other.get(place, 0) for place in sorted(one.keys() | other.keys())}
    return {place: count for place, count in both.items() if count}
