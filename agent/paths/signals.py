"""Lights for people at a device: a reader's own, a lamp or buzzer beside readers that have none, and incidents.

A lamp that cannot be used, or is slow, is its own trouble: it costs no tap, and never hides the reader's own light. Who
stands before a reader comes first: while a tap's light may still be seen there, no incident is shown.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from agent.clock import Clock
from agent.config import SourceConfig
from drivers.driver import Source
from drivers.errors import DeviceError
from drivers.readings import Light, Reading

log = logging.getLogger("agent.signals")

TAP_S = 3.0  # a tap's light is over, and seen
READY_S = 15.0  # an operator is about to show the next card
HELD_S = {Light.READY: READY_S}


class Signals:
    """Which lamps and readers work now, by their names in the configuration."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Source[Reading]] = {}
        self._showing: dict[str, asyncio.Task[None]] = {}  # of each device the newest light alone
        self._deciding: set[str] = set()  # readers at which a card is being decided
        self._taken_until_s: dict[str, float] = {}  # by a tap's light

    def opened(self, name: str, source: Source[Reading]) -> None:
        self._open[name] = source

    def closed(self, name: str) -> None:
        self._open.pop(name, None)
        self._end(name)

    def taken(self, name: str) -> bool:
        """Whether a card is being decided at a reader, or its light may still be seen."""
        return name in self._deciding or self._taken_until_s.get(name, 0.0) > self._now_s()

    @contextmanager
    def deciding(self, name: str) -> Iterator[None]:
        """While a card of this reader is decided and shown."""
        self._deciding.add(name)
        try:
            yield
        finally:
            self._deciding.discard(name)

    async def try_out(self, name: str, light: Light) -> None:
        """A light for somebody who stands before the reader and looks. Raises DeviceError."""
        source = self._open.get(name)
        if source is None:
            raise DeviceError("P-109", f"{name} is not open", do="Nothing; the agent reconnects.")
        self._end(name)
        await source.show(light)

    async def show(self, config: SourceConfig, source: Source[Reading], light: Light) -> None:
        """A tap's light, at the reader, and at its lamp if it has one. Raises DeviceError of the reader."""
        until_s = self._now_s() + HELD_S.get(light, TAP_S)
        self._taken_until_s[config.name] = until_s
        self._end(config.name)  # an incident's light that is on its way there
        if config.signal in self._open:
            self._taken_until_s[config.signal] = until_s
            self._begin(config.signal, light)
        await source.show(light)

    def alert(self, names: Iterable[str], light: Light) -> None:
        """An incident's light, at those that work and have none of a tap. Does not wait for them."""
        now_s = self._now_s()
        for name in names:
            if name in self._open and self._taken_until_s.get(name, 0.0) <= now_s:
                self._begin(name, light)

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9

    def _begin(self, name: str, light: Light) -> None:
        self._end(name)
        showing = asyncio.create_task(self._open[name].show(light), name=name)
        showing.add_done_callback(_tell)
        self._showing[name] = showing

    def _end(self, name: str) -> None:
        showing = self._showing.pop(name, None)
        if showing is not None:
            showing.cancel()


def _tell(showing: asyncio.Task[None]) -> None:
    """Why a light was not shown."""
    error = None if showing.cancelled() else showing.exception()
    if isinstance(error, DeviceError):
        log.warning("%s shows nothing: %s", showing.get_name(), error)
    elif error is not None:  # a defect, in its cell perhaps: the device's own supervisor tells of it
        log.error("%s shows nothing", showing.get_name(), exc_info=error)
