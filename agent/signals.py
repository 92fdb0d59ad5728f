"""Lights for the person at a reader: the reader's own, and a lamp or buzzer beside readers that have none.

A lamp that cannot be used, or is slow, is its own trouble: it costs no tap, and never hides the reader's own light.
"""

from __future__ import annotations

import asyncio
import logging

from agent.config import SourceConfig
from drivers.driver import Source
from drivers.errors import DeviceError
from drivers.readings import Light, Reading

log = logging.getLogger("agent.signals")


class Signals:
    """Which lamps work now, by their names in the configuration."""

    def __init__(self) -> None:
        self._open: dict[str, Source[Reading]] = {}
        self._showing: dict[str, asyncio.Task[None]] = {}  # of each lamp the newest light alone

    def opened(self, name: str, source: Source[Reading]) -> None:
        self._open[name] = source

    def closed(self, name: str) -> None:
        self._open.pop(name, None)
        self._end(name)

    async def show(self, config: SourceConfig, source: Source[Reading], light: Light) -> None:
        """At the reader, and at its lamp if it has one. Raises DeviceError of the reader."""
        lamp = self._open.get(config.signal)
        if lamp is not None:
            self._end(config.signal)
            showing = asyncio.create_task(lamp.show(light), name=config.signal)
            showing.add_done_callback(_tell)
            self._showing[config.signal] = showing
        await source.show(light)

    def _end(self, name: str) -> None:
        showing = self._showing.pop(name, None)
        if showing is not None:
            showing.cancel()


def _tell(showing: asyncio.Task[None]) -> None:
    """Why a light was not shown."""
    error = None if showing.cancelled() else showing.exception()
    if isinstance(error, DeviceError):
        log.warning("%s shows nothing: %s", showing.get_name(), error)
    elif error is not None:  # a defect, in its cell perhaps: the lamp's own supervisor tells of it
        log.error("%s shows nothing", showing.get_name(), exc_info=error)
