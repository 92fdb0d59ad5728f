"""All cameras in turn: the one that was looked at longest ago and has a new picture is next; nothing queues.

Several threads may turn at once; a camera is looked at by one of them at a time. When the work exceeds the time, each
camera gets fewer pictures, the newest, and none is late by more than a round.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from agent.pipelines.eye import Eye
from drivers.frame_slot import Picture
from drivers.readings import EyeTrouble, Looked, Noticed


class Watcher:
    """turn() from any thread."""

    def __init__(self, eyes: Sequence[Eye], off: Sequence[EyeTrouble] = ()) -> None:
        self.pictures = 0
        self._off = tuple(off)
        self._eyes = eyes
        self._lock = threading.Lock()

    def turn(self, begins: Callable[[], None] | None = None) -> list[Noticed] | None:
        """Look at one picture: what was noticed in it. None if there is no new one; else `begins` is called before."""
        found = self._next()
        if found is None:
            return None
        eye, picture = found
        if begins is not None:
            begins()
        try:
            return eye.look(picture)
        finally:
            eye.busy = False

    def rest(self, resting: Mapping[str, Sequence[str]]) -> None:
        """From now on these detectors do not run, by camera; all others do."""
        for eye in self._eyes:
            eye.rest(resting.get(eye.name, ()))

    def looked(self) -> dict[str, Looked]:
        """What was done since the last time."""
        return {eye.name: eye.looked() for eye in self._eyes}

    def troubles(self) -> tuple[EyeTrouble, ...]:
        """The detectors that are off now; `off` are those that could not begin."""
        return self._off + tuple(trouble for eye in self._eyes for trouble in eye.troubles())

    def _next(self) -> tuple[Eye, Picture] | None:
        with self._lock:
            for eye in sorted(self._eyes, key=lambda one: one.looked_ns):
                if not eye.busy and (picture := eye.newest()) is not None:
                    eye.busy = True
                    self.pictures += 1
                    return eye, picture
        return None
