"""The list of all cameras for the police: where each is, whether it shows its place, how old its picture is.

Told    every EVERY_S, and when a camera's state has been another one for CALM_S.
State   lost or unknown by its connection; else covered or frozen as the camera's own process told it last; else what
        the eyes noticed of it in the last HELD_S (turned, defocused, covered): they tell when it begins, not when it
        ends; else clear.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from agent.clock import Clock
from agent.events import draft
from agent.incident_events import CameraList, CameraState
from agent.model import Draft
from agent.school.told import Told
from agent.sources import SourceState, Station
from agent.watching.camera_clocks import off_s

EVERY_S = 300.0
CALM_S = 5.0
LOOK_S = 1.0
HELD_S = 900.0
MOST = 64  # in one event


class CameraLister:
    """One per box; `tampered`: by camera what the eyes noticed last, and when."""

    def __init__(
        self,
        stations: Sequence[Station],
        told: Told,
        tampered: Mapping[str, tuple[str, float]],
        may_be_shown: Callable[[str], bool],
        accept: Callable[[Sequence[Draft]], Awaitable[object]],
        clock: Clock,
    ) -> None:
        self._stations = [station for station in stations if station.config.kind == "camera"]
        self._told = told
        self._may_be_shown = may_be_shown
        self._accept = accept
        self._clock = clock
        self._tampered = tampered
        self._said: list[tuple[str, bool]] | None = None  # state, and whether it may be shown
        self._said_s = 0.0
        self._seen: list[tuple[str, bool]] = []
        self._seen_s = 0.0

    async def run(self) -> None:
        """Runs for ever."""
        while self._stations:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Tell the list, if it is time."""
        now_s, seen = self._now_s(), [(self._state(one), self._may_be_shown(one.config.name)) for one in self._stations]
        if seen != self._seen:
            self._seen, self._seen_s = seen, now_s
        is_news = seen != self._said and now_s - self._seen_s >= CALM_S
        if is_news or (self._said is not None and now_s - self._said_s >= EVERY_S):
            self._said, self._said_s = seen, now_s
            await self._accept([draft(CameraList(cameras=self.cameras()[:MOST]), self._clock.now())])

    def cameras(self) -> list[CameraState]:
        """As they are now."""
        return [
            CameraState(
                camera=one.config.name,
                place=one.config.place,
                state=self._state(one),
                picture_age_s=self._age_s(one),
                clock_off_s=off_s(one, self._clock),
                live=self._may_be_shown(one.config.name),
            )
            for one in self._stations
        ]

    def _state(self, station: Station) -> str:
        if station.state is not SourceState.WORKING:
            return "unknown" if station.state is SourceState.STARTING else "lost"
        name = station.config.name
        for state in self._told.unusual(name).values():
            return state.value
        kind, at_s = self._tampered.get(name, ("", 0.0))
        if kind and self._now_s() - at_s < HELD_S:
            return kind
        return "clear"

    def _age_s(self, station: Station) -> int | None:
        video = station.counters.video
        if video is None or not video.seen_ns:
            return None
        return max(0, round((self._clock.monotonic_ns() - video.seen_ns) / 1e9))

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9
