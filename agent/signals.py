"""Lights for the person at a reader: the reader's own, and a lamp or buzzer beside readers that have none.

A lamp that cannot be used is its own trouble: it never costs a tap, and never hides the reader's own light.
"""

from __future__ import annotations

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

    def opened(self, name: str, source: Source[Reading]) -> None:
        self._open[name] = source

    def closed(self, name: str) -> None:
        self._open.pop(name, None)

    async def show(self, config: SourceConfig, source: Source[Reading], light: Light) -> None:
        """At the reader, and at its lamp if it has one. Raises DeviceError of the reader."""
        lamp = self._open.get(config.signal)
        if lamp is not None:
            try:
                await lamp.show(light)
            except DeviceError as error:
                log.warning("%s shows nothing: %s", config.signal, error)
        await source.show(light)
