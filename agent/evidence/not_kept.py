"""Pictures that are not taken at all: the alarm goes without an id, and the losses are gathered into few records.

A camera that chatters gets PER_MINUTE pictures; a card is not written full for one that somebody plays with.
Pure: the caller brings the time.
"""

from __future__ import annotations

from collections import Counter, deque

from agent.events import EvidenceLost

PER_MINUTE = 6
MINUTE_S = 60.0
TOLD_EVERY_S = 60.0


class NotKept:
    """Counts by camera, kind and reason; the first is told at once, what follows once a minute."""

    def __init__(self) -> None:
        self._taken: dict[str, deque[float]] = {}
        self._waiting: Counter[tuple[str, str, str]] = Counter()
        self._told_s: dict[tuple[str, str, str], float] = {}
        self.total = 0

    def too_many(self, camera: str, now_s: float) -> bool:
        """Whether this camera has had its share; if not, one more is taken."""
        taken = self._taken.setdefault(camera, deque())
        while taken and now_s - taken[0] >= MINUTE_S:
            taken.popleft()
        if len(taken) >= PER_MINUTE:
            return True
        taken.append(now_s)
        return False

    def add(self, camera: str, kind: str, reason: str) -> None:
        self.total += 1
        self._waiting[camera, kind, reason] += 1

    def due(self, now_s: float) -> list[EvidenceLost]:
        """What is to be told now."""
        found = []
        for key in [key for key in self._waiting if now_s - self._told_s.get(key, -TOLD_EVERY_S) >= TOLD_EVERY_S]:
            camera, kind, reason = key
            count = self._waiting.pop(key)
            self._told_s[key] = now_s
            found.append(EvidenceLost(evidence="", camera=camera, kind=kind, reason=reason, count=count))
        return found
