"""Rules that fail by themselves: told once in the log and as a trouble until they work again; nothing ends for it."""

from __future__ import annotations

import logging

import msgspec

from agent.clock import Clock
from agent.outbox.troubles import Trouble

log = logging.getLogger("agent.school")


class Defect(msgspec.Struct, frozen=True):
    """What a rule failed with, and since when."""

    what: str
    since_ns: int


class Defects:
    """One per box; a rule is known by its name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now: dict[str, Defect] = {}

    def failed(self, rule: str, error: BaseException) -> None:
        what = f"{type(error).__name__}: {error}"
        if rule not in self._now:
            log.error("the rule %s failed by itself", rule, exc_info=error)
        since_ns = self._now[rule].since_ns if rule in self._now else self._clock.utc_ns()
        self._now[rule] = Defect(what, since_ns)

    def passed(self, rule: str) -> None:
        """It worked this time."""
        self._now.pop(rule, None)

    def trouble(self) -> list[Trouble]:
        """The rules that fail now."""
        do = "Send the log to support; taps are recorded as seen, and counted by hand."
        return [
            Trouble(code="M-103", what=f"the rule {rule} failed by itself: {one.what}", do=do, since_ns=one.since_ns)
            for rule, one in sorted(self._now.items())
        ]
