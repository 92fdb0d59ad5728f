"""Which cameras are open now: by name, what can be asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from agent.sources import Station, WhileOpen
from drivers.driver import Counters, LiveProgress, LiveTarget, Source
from drivers.readings import Reading, Still


class Filmed(Protocol):
    """An open camera; agent/cells/filmed.py is one."""

    on_live: Callable[[LiveProgress], None]

    def show_live(self, session: str, target: LiveTarget) -> None: ...
    def end_live(self, session: str) -> None: ...

    async def still(self) -> Still:
        """Raises DeviceError."""
        ...


class OpenCameras:
    """while_open() is entered with each open device."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Filmed, Counters]] = {}
        self._on_live: Callable[[LiveProgress], None] = lambda _: None
        self._on_closed: Callable[[str], None] = lambda _: None

    def tell(self, on_live: Callable[[LiveProgress], None], on_closed: Callable[[str], None]) -> None:
        """Who hears how live views go, and which camera has closed."""
        self._on_live, self._on_closed = on_live, on_closed

    def find(self, name: str) -> Filmed | None:
        return self._open[name][0] if name in self._open else None

    def can_be_encoded(self, name: str) -> bool:
        """False where its pictures must be made anew for a live view, and its process has no encoder for that."""
        video = self._open[name][1].video if name in self._open else None
        return video is None or video.encodes is not False

    def around(self, other: WhileOpen) -> WhileOpen:
        """Ours and another's, for each open device."""

        @contextmanager
        def both(station: Station, source: Source[Reading]) -> Iterator[None]:
            with other(station, source), self.while_open(station, source):
                yield

        return both

    @contextmanager
    def while_open(self, station: Station, source: Source[Reading]) -> Iterator[None]:
        filmed: Filmed | None = getattr(source, "filmed", None)
        name = station.config.name
        if station.config.kind != "camera" or filmed is None:
            yield
            return
        filmed.on_live = self._on_live
        self._open[name] = filmed, source.counters
        try:
            yield
        finally:
            del self._open[name]
            self._on_closed(name)
