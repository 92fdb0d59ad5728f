"""A source that chatters becomes one event with first, last, count and the state now. Pure: the caller brings the time.

PASS events of a source pass in WINDOW_S; what follows is gathered and told once each WINDOW_S. The first fire
always passes: a FATAL event is gathered only if another FATAL of the same source passed within FATAL_AGAIN_S. One that
passes while others are gathered is not counted, but it is the state that the gathered event tells.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agent.events import Flapping, draft
from agent.model import Draft, Moment, Severity
from agent.wall_time import rfc3339

PASS = 10
WINDOW_S = 60.0
FATAL_AGAIN_S = 10.0


class Source(msgspec.Struct):
    """One source's window."""

    since_s: float
    passed: int = 0
    fatal_s: float = -FATAL_AGAIN_S
    gathered: int = 0
    first_ns: int = 0
    last: Draft | None = None


class Flaps:
    """The windows of all sources."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}

    def passes(self, event: Draft, now_s: float, *, full: bool) -> bool:
        """Whether the event goes on by itself; otherwise it is gathered. full: there is no room for another of it."""
        source = self._sources.setdefault(event.source, Source(now_s))
        if source.gathered == 0 and now_s - source.since_s >= WINDOW_S:
            source.since_s, source.passed = now_s, 0
        fatal = event.severity is Severity.FATAL and now_s - source.fatal_s >= FATAL_AGAIN_S
        if not full and (fatal or (source.gathered == 0 and source.passed < PASS)):
            source.passed += 1
            source.fatal_s = now_s if event.severity is Severity.FATAL else source.fatal_s
            source.last = event if source.gathered else None
            return True
        source.first_ns = source.first_ns if source.gathered else event.at.utc_ns
        source.gathered += 1
        source.last = event
        return False

    def due(self, now_s: float, at: Moment, has_room: Callable[[Draft], bool]) -> list[Draft]:
        """What was gathered by sources whose window is over, and for which there is room."""
        found = []
        for name, source in self._sources.items():
            if source.last is not None and now_s - source.since_s >= WINDOW_S and has_room(source.last):
                found.append(_event(name, source, source.last, at))
                source.since_s, source.passed, source.gathered, source.last = now_s, PASS - 1, 0, None
        return found


def _event(name: str, source: Source, last: Draft, at: Moment) -> Draft:
    data = Flapping(
        source=name,
        type=last.type,
        count=source.gathered,
        first=rfc3339(source.first_ns),
        last=rfc3339(last.at.utc_ns),
        latest=msgspec.to_builtins(last.data),
    )
    return draft(data, at, severity=last.severity, source=name)
