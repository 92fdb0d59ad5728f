"""How much may be on its way: a window in bytes that follows the measured rate, so that an alarm overtakes soon. Pure.

What is sent but not receipted stays under TARGET_S of the rate at which receipts come back (a line with a long way
may hold two round trips, at most MOST_S): it counts everything between us and the centre's COMMIT (socket buffers, the
line, the broker, the centre). The rate jumps up at once and falls slowly; samples taken while we had nothing more to
send only ever raise it; where a receipt is overdue it is halved. What was sent again is measured from its first time:
nobody knows which of them is receipted. The round trip is the shortest of the last minute: our queue does not count.
"""

from __future__ import annotations

import msgspec

TARGET_S = 0.4
MOST_S = 0.8
RTT_KEPT_S = 30.0
WINDOW_FIRST = 32_768
WINDOW_MIN = 16_384
WINDOW_MAX = 3_000_000
BATCH_MIN = 8_192  # a batch costs the centre as much as a dozen events: where a city shares it, all send small ones
BATCH_MAX = 262_144
BATCHES = 4  # on their way, where the window is large enough
RATE_MIN = WINDOW_MIN / MOST_S  # what the smallest window makes of it; less is only believed when measured
FALL = 0.15  # weight of a lower sample
TIMEOUT_MIN_S = 2.0
TIMEOUT_MAX_S = 30.0


class Sent(msgspec.Struct, frozen=True):
    """One message on its way."""

    size: int
    at_s: float
    delivered: int  # bytes receipted when it was sent
    full: bool  # whether the window was full then


class Flow:
    """The window of one connection. Times are monotonic seconds, given by the caller."""

    def __init__(self) -> None:
        self.on_its_way = 0
        self.rate = 0.0  # bytes per second
        self.rtt_s = 0.0
        self._shortest = (0.0, 0.0)  # of the last RTT_KEPT_S, of those before
        self._shortest_since_s = 0.0
        self._delivered = 0
        self._pace = 0.0
        self._pace_until_s = 0.0
        self._allowance = 0.0
        self._allowed_s = 0.0

    @property
    def window(self) -> int:
        """Bytes that may be on their way."""
        if self.rate == 0:
            return WINDOW_FIRST
        return int(min(WINDOW_MAX, max(WINDOW_MIN, self.rate * min(MOST_S, max(TARGET_S, 2 * self.rtt_s)))))

    def batch_bytes(self) -> int:
        """How large the next batch should be: a part of the window, so that several are on their way and fill it."""
        return min(BATCH_MAX, self.window // min(BATCHES, self.window // BATCH_MIN))

    def room(self, now_s: float) -> bool:
        """Whether a bulk batch may be sent now."""
        return self.on_its_way + self.batch_bytes() <= self.window and self._paced(now_s) >= 0

    def left(self, now_s: float) -> int:
        """Bytes that still fit, where a whole batch does not."""
        return max(0, self.window - self.on_its_way) if self._paced(now_s) >= 0 else 0

    def sent(self, size: int, now_s: float, *, bulk: bool = True, full: bool = False) -> Sent:
        """full: the sender has a smaller window of its own, and that is full."""
        self.on_its_way += size
        if bulk:
            self._allowance -= size
        return Sent(size, now_s, self._delivered, full or self.on_its_way + self.batch_bytes() > self.window)

    def receipted(self, sent: Sent, now_s: float, first: Sent | None = None) -> None:
        """It is stored at the centre. `first`: when it was sent before."""
        self.on_its_way -= sent.size
        self._delivered += sent.size
        begun = first or sent
        took_s = max(now_s - begun.at_s, 1e-4)
        self._keep_shortest(took_s, now_s)
        sample = (self._delivered - begun.delivered) / took_s
        if sample >= self.rate:
            self.rate = sample
        elif begun.full:
            self.rate += FALL * (sample - self.rate)

    def late(self, sent: Sent, now_s: float) -> None:
        """What was given up is stored after all: so long is the way now."""
        self.on_its_way += sent.size
        self.receipted(sent, now_s)

    def _keep_shortest(self, took_s: float, now_s: float) -> None:
        now, before = self._shortest
        if now_s - self._shortest_since_s > RTT_KEPT_S:
            now, before, self._shortest_since_s = 0.0, now, now_s
        now = min(now or took_s, took_s)
        self._shortest = (now, before)
        self.rtt_s = min(now, before or now)

    def dropped(self, sent: Sent) -> None:
        """It is given up: no receipt came, or the line is gone."""
        self.on_its_way -= sent.size

    def overdue(self) -> None:
        """No receipt came in time: the line or the centre has become slow."""
        self.rate = min(self.rate, max(self.rate / 2, RATE_MIN))

    def timeout_s(self, jitter: float) -> float:
        """How long to wait for a receipt; jitter is in 0..1."""
        queue_s = self.window / self.rate if self.rate else TIMEOUT_MIN_S
        return min(TIMEOUT_MAX_S, max(TIMEOUT_MIN_S, 4 * (queue_s + self.rtt_s))) * (1 + jitter / 2)

    def pace(self, bytes_per_s: float, until_s: float, now_s: float) -> None:
        """Limit bulk to so many bytes a second until then; 0 lifts the limit."""
        self._pace, self._pace_until_s = bytes_per_s, until_s
        self._allowance, self._allowed_s = 0.0, now_s

    def paced_until(self, now_s: float) -> float:
        """Seconds until the pace allows the next bulk batch; 0 if it does now."""
        allowance = self._paced(now_s)
        return 0.0 if allowance >= 0 else min(-allowance / self._pace, self._pace_until_s - now_s)

    def _paced(self, now_s: float) -> float:
        if self._pace <= 0 or now_s >= self._pace_until_s:
            self._pace = 0.0
            return 0.0
        earned = (now_s - self._allowed_s) * self._pace
        self._allowed_s = now_s
        self._allowance = min(self._allowance + earned, self._pace)  # at most one second is saved up
        return self._allowance
