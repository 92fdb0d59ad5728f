"""The system's clock, and whether it can be believed.

A Raspberry Pi may boot with any date. UTC as given here never runs backwards by itself; only a synced system clock may
set it back (a false 2030 must not stay). Whether it is: agent/kernel_clock.py.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path
from typing import Protocol

from agent import kernel_clock
from agent.model import Moment

BUILT_NS = 1_793_491_200_000_000_000  # 2026-11-01: this version did not exist before
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What the agent needs of time; a superset of drivers.driver.Clock."""

    boot_id: str

    def utc_ns(self) -> int: ...
    def monotonic_ns(self) -> int: ...
    def synced(self) -> bool: ...
    def proven_ns(self) -> int: ...
    def prove(self, utc_ns: int) -> None: ...
    def not_before(self, utc_ns: int) -> None: ...
    def now(self) -> Moment: ...
    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The real clock.

    An unsynced UTC never goes below what it, the disk or a signed message has said before.
    """

    RECHECK_NS = 1_000_000_000  # asking the kernel costs a system call: once a second is enough

    def __init__(self, *, boot_id: str | None = None) -> None:
        self.boot_id = boot_id or _read_boot_id()
        self._last_ns = BUILT_NS
        self._ahead_ns = 0  # how far our UTC is ahead of the system's, which was set back
        self._proven_ns = BUILT_NS
        self._synced = False
        self._checked_ns = -self.RECHECK_NS

    def monotonic_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def synced(self) -> bool:
        now_ns = self.monotonic_ns()
        if now_ns - self._checked_ns >= self.RECHECK_NS:
            self._synced = kernel_clock.synced()
            self._checked_ns = now_ns
        return self._synced

    def utc_ns(self) -> int:
        now_ns = time.time_ns()
        if self.synced():
            self._ahead_ns, self._last_ns, self._proven_ns = 0, now_ns, now_ns
            return now_ns
        if now_ns + self._ahead_ns < self._last_ns:  # set back: go on ticking from where we were
            self._ahead_ns = self._last_ns - now_ns
        self._last_ns = now_ns + self._ahead_ns
        return self._last_ns

    def proven_ns(self) -> int:
        """The latest UTC that somebody vouches for: a synced clock, a signed time, the build. May lag behind."""
        return self.utc_ns() if self.synced() else self._proven_ns

    def prove(self, utc_ns: int) -> None:
        """Somebody we trust has signed this time: it cannot be earlier than that."""
        if not self.synced():
            self._proven_ns = max(self._proven_ns, utc_ns)
            self._last_ns = max(self._last_ns, utc_ns)

    def not_before(self, utc_ns: int) -> None:
        """A record on the disk has this time: nothing that follows may be earlier, whether it was right or not."""
        self._last_ns = max(self._last_ns, utc_ns)

    def now(self) -> Moment:
        return Moment(self.utc_ns(), self.monotonic_ns(), self.synced())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _read_boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:  # hidden by a container: a fresh one is still unique to this run
        return str(uuid.uuid4())
