"""How often each detector of each camera has told something, beside what it may: its budget of false alarms. Pure.

Nobody knows which alarms were false until a person has dismissed them; but a detector that tells far more often than
its budget is wrong, or its place is. Then the technician is told, with the threshold that would have kept it.

Lives as long as the daemon; TOLD_MOST scores a detector.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import msgspec

from agent.pipelines.watch import Watch
from drivers.readings import Noticed

WEEK_S = 7 * 86_400.0
TOLD_MOST = 200
STEP = 0.001  # of a score


class Over(msgspec.Struct, frozen=True):
    """A detector that tells more than it may."""

    camera: str
    detector: str
    count: int
    days: float
    threshold: float | None  # that would have kept it; None: there is none, all were as sure

    @property
    def what(self) -> str:
        times = f"told {self.count} times in {self.days:.1f} days, more than its budget"
        return f"{self.detector} at {self.camera} {times}"

    @property
    def do(self) -> str:
        if self.threshold is None:
            return "Look at the stills; if they are false, mask what it sees, or draw a zone."
        return (
            f"Look at the stills; if they are false, write {self.detector} = {self.threshold:.3f} under "
            f"[camera.thresholds] (mektep camera tune {self.camera} shows what that costs), or draw a zone."
        )


class Budgets:
    """One per box."""

    def __init__(self, watches: Mapping[str, Watch]) -> None:
        self._watches = watches
        self._told: dict[tuple[str, str], deque[tuple[float, float]]] = {}  # (at_s, score), steady clock

    def told(self, notice: Noticed, at_s: float) -> None:
        """One more was raised as an alarm."""
        key = notice.camera, notice.detector
        self._told.setdefault(key, deque(maxlen=TOLD_MOST)).append((at_s, notice.score))

    def over(self, at_s: float) -> list[Over]:
        """Those that tell too much now."""
        found = []
        for (camera, detector), told in sorted(self._told.items()):
            budget = self._watches[camera].budget if camera in self._watches else 1.0
            window_s = WEEK_S * max(1.0, 1 / budget)  # half a week's alarm is one in two weeks
            while told and at_s - told[0][0] > window_s:
                told.popleft()
            allowed = max(1, math.floor(budget * window_s / WEEK_S + 1e-9))
            if len(told) > allowed:
                days = (at_s - told[0][0]) / 86_400
                found.append(Over(camera, detector, len(told), days, threshold([one for _, one in told], allowed)))
        return found


def threshold(scores: list[float], allowed: int) -> float | None:
    """The lowest score, in steps, that no more than so many of these reach."""
    first = sorted(scores, reverse=True)[allowed]
    found = (math.floor(first / STEP + 1e-6) + 1) * STEP
    return round(found, 3) if found < 1.0 - 1e-9 and sum(one >= found - 1e-9 for one in scores) <= allowed else None
