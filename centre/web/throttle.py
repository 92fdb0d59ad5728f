"""How often somebody may try: logins by name and by address, reports by address and of all together.

In the memory of this process, with an end: the oldest are forgotten first.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

KEYS_MAX = 10_000


class Throttle:
    """At most so many in so many seconds, for each key; for several threads."""

    def __init__(self, times: int, within_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._times = times
        self._within_s = within_s
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """How long until this key may try again; 0: now."""
        with self._lock:
            tried = self._recent(key)
            return max(tried[0] + self._within_s - self._clock(), 0.0) if len(tried) >= self._times else 0.0

    def note(self, key: str) -> None:
        """It was tried."""
        with self._lock:
            self._seen[key] = self._recent(key)
            self._seen[key].append(self._clock())
            self._seen.move_to_end(key)
            while len(self._seen) > KEYS_MAX:
                self._seen.popitem(last=False)

    def forget(self, key: str) -> None:
        """It succeeded."""
        with self._lock:
            self._seen.pop(key, None)

    def _recent(self, key: str) -> deque[float]:
        tried = self._seen.get(key, deque(maxlen=self._times))
        while tried and self._clock() - tried[0] >= self._within_s:
            tried.popleft()
        return tried
