"""What has arrived at the far end, in order, and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

LOOK_S = 0.002


class Arrivals:
    """`at_s` has the moment (monotonic) of the first, second, … different event; `numbers` which ones, where known."""

    def __init__(self) -> None:
        self.at_s: list[float] = []
        self.numbers: set[int] = set()

    def add(self, numbers: Iterable[int]) -> None:
        """These have come just now; what comes again does not count."""
        now_s = time.monotonic()
        for number in numbers:
            if number not in self.numbers:
                self.numbers.add(number)
                self.at_s.append(now_s)

    def count_to(self, total: int) -> None:
        """So many are there now; which ones is not known here."""
        self.at_s += [time.monotonic()] * (total - len(self.at_s))

    async def until(self, total: int, patience_s: float) -> float:
        """The moment when so many were there. Raises TimeoutError that says how many are."""
        end_s = time.monotonic() + patience_s
        while len(self.at_s) < total:
            if time.monotonic() > end_s:
                raise TimeoutError(f"{len(self.at_s)} of {total} events arrived within {patience_s:.0f} s")
            await asyncio.sleep(LOOK_S)
        return self.at_s[total - 1]
