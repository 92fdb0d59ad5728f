"""A sign of life from code that may block: beaten by the thread that does the work, looked at by whoever may end it."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.driver import Clock


class Pulse:
    """Safe from any thread: one value is written and read."""

    def __init__(self, clock: Clock, limit_s: float) -> None:
        self.limit_s = limit_s
        self._clock = clock
        self._last_ns: int | None = clock.monotonic_ns()

    def beat(self) -> None:
        """The work goes on."""
        self._last_ns = self._clock.monotonic_ns()

    def rest(self) -> None:
        """Nothing is at work until the next beat: whoever waits for others is not stuck."""
        self._last_ns = None

    def age_s(self) -> float:
        """Since the last beat; 0 at rest."""
        last_ns = self._last_ns
        return 0.0 if last_ns is None else (self._clock.monotonic_ns() - last_ns) / 1e9

    def stopped(self) -> bool:
        """Whether the last beat is so long ago that the work must be stuck."""
        return self.age_s() > self.limit_s


class Slowest(Pulse):
    """Of several threads: one that is stuck is enough."""

    def __init__(self, clock: Clock, pulses: Sequence[Pulse]) -> None:
        super().__init__(clock, pulses[0].limit_s)
        self.pulses = pulses

    def age_s(self) -> float:
        return max(pulse.age_s() for pulse in self.pulses)
