"""How far a lane is settled: a prefix, and what was settled beyond it out of order. Pure.

Receipts of several receivers cross each other; the prefix only moves over what is whole.
"""

from __future__ import annotations

from bisect import bisect_left


class Settled:
    """The settled sequences of one lane of one epoch: 1..prefix, and a few ranges beyond."""

    def __init__(self, prefix: int = 0) -> None:
        self.prefix = prefix
        self._beyond: list[tuple[int, int]] = []  # sorted, disjoint, not touching, all above prefix + 1

    def add(self, first: int, last: int) -> bool:
        """Settle first..last. True if the prefix moved."""
        if first > last or last <= self.prefix:
            return False
        at = bisect_left(self._beyond, (first, last))
        while at > 0 and self._beyond[at - 1][1] >= first - 1:
            at -= 1
        end = at
        while end < len(self._beyond) and self._beyond[end][0] <= last + 1:
            first, last = min(first, self._beyond[end][0]), max(last, self._beyond[end][1])
            end += 1
        self._beyond[at:end] = [(first, last)]
        return self._advance()

    def covers(self, sequence: int) -> bool:
        """Whether this very sequence is settled."""
        return sequence <= self.prefix or any(first <= sequence <= last for first, last in self._beyond)

    def beyond(self) -> list[tuple[int, int]]:
        """The settled ranges after the prefix."""
        return list(self._beyond)

    def missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """The ranges within first..last that are not settled."""
        found, at = [], max(first, self.prefix + 1)
        for begin, end in list(self._beyond):
            if begin > last:
                break
            if at < begin:
                found.append((at, begin - 1))
            at = max(at, end + 1)
        return [*found, (at, last)] if at <= last else found

    def _advance(self) -> bool:
        if not self._beyond or self._beyond[0][0] > self.prefix + 1:
            return False
        self.prefix = max(self.prefix, self._beyond.pop(0)[1])
        return True
