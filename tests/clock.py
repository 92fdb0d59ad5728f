"""A clock that moves only when somebody sleeps: two hours of back-off take a millisecond."""

from __future__ import annotations

import asyncio

from agent.model import Moment

START_NS = 1_795_420_800_000_000_000  # 2026-11-23T08:00:00Z


class FastClock:
    """Satisfies agent.clock.Clock and drivers.driver.Clock."""

    boot_id = "11111111-2222-3333-4444-555555555555"

    def __init__(self, utc_ns: int = START_NS, *, synced: bool = True) -> None:
        self.now_ns = utc_ns
        self.up_ns = 1_000_000_000
        self.is_synced = synced
        self.proven = 0

    def utc_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.up_ns

    def synced(self) -> bool:
        return self.is_synced

    def proven_ns(self) -> int:
        return self.now_ns if self.is_synced else self.proven

    def prove(self, utc_ns: int) -> None:
        self.proven = max(self.proven, utc_ns)

    def not_before(self, utc_ns: int) -> None:
        if not self.is_synced:
            self.now_ns = max(self.now_ns, utc_ns)

    def now(self) -> Moment:
        return Moment(self.now_ns, self.up_ns, self.is_synced)

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)
        self.up_ns += round(seconds * 1e9)

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)
