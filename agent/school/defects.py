"""Work that fails by itself: told once in the log and as a trouble until it succeeds again; nothing ends for it."""

from __future__ import annotations

import logging

import msgspec

from agent.clock import Clock
from agent.outbox.troubles import Trouble

log = logging.getLogger("agent.school")


class Words(msgspec.Struct, frozen=True):
    """How a failure is told; `{part}` and `{error}` stand in `what`."""

    code: str
    what: str
    do: str


RULE = Words(
    "M-103",
    "the rule {part} failed by itself: {error}",
    "Send the log to support; taps are recorded as seen, and counted by hand.",
)


class Defect(msgspec.Struct, frozen=True):
    """What a part failed with, and since when."""

    what: str
    since_ns: int


class Defects:
    """Of parts of one kind, each known by its name."""

    def __init__(self, clock: Clock, words: Words = RULE) -> None:
        self._clock = clock
        self._words = words
        self._now: dict[str, Defect] = {}

    def failed(self, part: str, error: BaseException) -> None:
        what = self._words.what.format(part=part, error=f"{type(error).__name__}: {error}")
        if part not in self._now:
            log.error("%s", what, exc_info=error)
        since_ns = self._now[part].since_ns if part in self._now else self._clock.utc_ns()
        self._now[part] = Defect(what, since_ns)

    def passed(self, part: str) -> None:
        """It worked this time."""
        self._now.pop(part, None)

    def failing(self) -> frozenset[str]:
        """Names of the parts that fail now."""
        return frozenset(self._now)

    def trouble(self) -> list[Trouble]:
        """The parts that fail now."""
        return [
            Trouble(code=self._words.code, what=one.what, do=self._words.do, since_ns=one.since_ns)
            for _, one in sorted(self._now.items())
        ]
