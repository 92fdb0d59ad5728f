"""A device that a command opens by itself, as the agent would: only while the agent is down; two at one port fail.

Who     the agent's user, for good, with the groups of its unit: nothing is left that the agent could not use.
Raises  AgentError with the driver's own code.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.cells.cells import Cells
from agent.cli.owner import become_owner
from agent.clock import SystemClock
from agent.config import Config, SourceConfig
from agent.errors import AgentError
from agent.ops import status
from agent.secrets import SecretStore
from agent.strict import closest
from drivers.driver import Source
from drivers.errors import DeviceError
from drivers.readings import Reading

GROUPS = ("dialout", "video", "input", "gpio")  # of the unit's


def device(found: Config, name: str, kind: str) -> SourceConfig:
    """The device of this name. Raises AgentError X-205."""
    known = {source.name: source for source in found.sources if source.kind == kind}
    if name not in known:
        raise AgentError("X-205", f"{name} is no {kind} of this box", do=closest(name, set(known)))
    return known[name]


def is_running(found: Config) -> bool:
    """Whether the agent runs. Raises AgentError X-002."""
    try:
        last = status.read(found.state.live)
    except PermissionError as error:
        raise AgentError("X-002", f"{error.filename} cannot be read by this user", do="Run it with sudo.") from error
    return last is not None and status.is_alive(last)


@asynccontextmanager
async def opened(found: Config, source: SourceConfig) -> AsyncIterator[Source[Reading]]:
    """The device, until the block ends."""
    become_owner(Path(found.state.directory), found.file, GROUPS)
    clock, secrets = SystemClock(), SecretStore(found.state.secrets)
    try:
        async with (
            Cells([source], clock, os.environ) as cells,
            cells.driver(source).connect(source.settings, clock, secrets) as one,
        ):
            yield one
    except DeviceError as error:
        raise AgentError(error.code, error.what, do=error.do) from error
