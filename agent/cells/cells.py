"""The cells of a box: which device lives in which, and each device's driver as the supervisor knows it.

A driver that needs no cell is itself. One that does keeps its shape: connect() connects it in its cell.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType

import msgspec

from agent.cells.cell import Cell
from agent.cells.child import Births
from agent.cells.in_unit import FOLDER, Units
from agent.cells.remote import Remote
from agent.cells.spawned import Spawning
from agent.clock import Clock as AgentClock
from agent.config import SourceConfig
from drivers import catalog
from drivers.cell_rights import landlock_version
from drivers.driver import Clock, Driver, Finding, Secrets, Source
from drivers.readings import Reading
from drivers.true_path import true_path

log = logging.getLogger("agent.cells")


class CelledDriver:
    """Of the shape of drivers.driver.Driver."""

    def __init__(
        self,
        driver: Driver[msgspec.Struct, Reading],
        module: str,
        cell: Cell,
        slot: str = "",
        told: Callable[[Remote | None], None] = lambda _: None,
    ) -> None:
        self._driver = driver
        self._module = module
        self._cell = cell
        self._slot = slot
        self._told = told  # what is connected now

    def probe(self, settings: msgspec.Struct) -> Finding:
        return self._driver.probe(settings)

    def connect(
        self,
        settings: msgspec.Struct,
        clock: Clock,  # noqa: ARG002 - of the shape; a child process has its own
        secrets: Secrets,
    ) -> AbstractAsyncContextManager[Source[Reading]]:
        """Raises DeviceError of the device and U-1xx of its cell."""
        return self._connected(settings, secrets)

    @asynccontextmanager
    async def _connected(self, settings: msgspec.Struct, secrets: Secrets) -> AsyncIterator[Remote]:
        needed = {name: secrets(name) for name in catalog.secrets_named(settings)}
        async with self._cell.connected(self._module, settings, needed, self._slot) as remote:
            self._told(remote)
            try:
                yield remote
            finally:
                self._told(None)


class Cells:
    """async with Cells(...): every child has ended at its end. `slots`: where a camera's pictures go, by its name.

    environment  for child processes; or MEKTEP_CELLS, where the sockets of units are that take their place
    """

    def __init__(
        self,
        sources: Sequence[SourceConfig],
        clock: AgentClock,
        environment: Mapping[str, str],
        slots: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._slots = slots
        units = environment.get(FOLDER)
        self._in_units = bool(units)
        births: Births = Units(Path(units)) if units else Spawning(environment)
        self._of: dict[str, Cell] = {}
        self._connected: dict[str, Remote] = {}
        for members in _grouped(sources).values():
            limits = catalog.cell(members[0].driver)
            if limits is None:
                continue
            paths = tuple(sorted({path for one in members for path in getattr(one.settings, "paths", ())}))
            handed = tuple(place for one in members for place in _slots(one, slots))
            cell = Cell(_name(members), limits, paths, clock, births, handed)
            self._of.update({one.name: cell for one in members})

    def driver(self, source: SourceConfig) -> Driver[msgspec.Struct, Reading]:
        """What keep_reading connects."""
        module: Driver[msgspec.Struct, Reading] = catalog.load(source.driver)
        cell = self._of.get(source.name)
        if cell is None:
            return module

        def told(remote: Remote | None) -> None:
            if remote is not None:
                self._connected[source.name] = remote
            else:
                self._connected.pop(source.name, None)

        return CelledDriver(
            module, catalog.CATALOG[source.driver].module, cell, self._slots.get(source.name, ""), told
        )  # fmt: skip

    def connected(self, name: str) -> Remote | None:
        """A source as it is connected now, by its name."""
        return self._connected.get(name)

    def slot(self, name: str) -> str:
        """The place of a camera's newest picture; empty if nobody looks at it."""
        return self._slots.get(name, "")

    def cell(self, name: str) -> Cell | None:
        """The cell in which a source lives, by the source's name."""
        return self._of.get(name)

    async def __aenter__(self) -> Cells:
        if self._of and not self._in_units and landlock_version() < 1:  # in units of their own they are other users
            log.warning("this kernel has no Landlock: cells can read what the agent can, its keys too (docs/cells.md)")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(cell.stop() for cell in set(self._of.values())))


def _slots(source: SourceConfig, slots: Mapping[str, str]) -> Iterator[str]:
    """What the cell of a source is handed: a camera its own slot, the eyes those that they look at."""
    if source.name in slots:
        yield slots[source.name]
    yield from getattr(source.settings, "slots", ())


def _name(members: Sequence[SourceConfig]) -> str:
    """As a technician knows it: the device, or the devices of a bus."""
    return ", ".join(one.name for one in members)


def _grouped(sources: Sequence[SourceConfig]) -> dict[str, list[SourceConfig]]:
    """By cell: each device for itself, but all devices of one bus together."""
    groups: dict[str, list[SourceConfig]] = {}
    for source in sources:
        limits = catalog.cell(source.driver)
        if limits is None:
            continue
        places = catalog.claims(source.settings)
        key = f"{source.driver} {true_path(places[0].place)}" if limits.together and places else source.name
        groups.setdefault(key, []).append(source)
    return groups
