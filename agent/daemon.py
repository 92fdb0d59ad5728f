"""The daemon's life: what is opened, what runs until it is stopped, how it ends. Its parts: agent/box.py.

Only the writer and the link's own loop may end the process (systemd starts it clean); a source never does.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from agent.box import Box
from agent.cells.slots import slots_of
from agent.clock import SystemClock
from agent.config import Config
from agent.errors import AgentError
from agent.ops.systemd import Notifier
from agent.outbox.outbox import open_outbox
from agent.reference import Reference
from agent.school.card_key import load_card_key
from agent.secrets import SecretStore
from agent.sync.identity import Identity, load_identity
from agent.watching.eyes import watches

log = logging.getLogger("agent")

SWITCH_INTERVAL_S = 0.0005  # the writer thread must get the interpreter back within a fraction of a tap's 5 ms
GARBAGE_THRESHOLDS = (10_000, 10, 10)  # new objects before a search; our own are freed without one


async def run(
    config: Config, notifier: Notifier, environment: Mapping[str, str], credentials: Path | None = None
) -> None:
    """Run until cancelled. Raises what ended the writer or the link.

    environment  for child processes; MEKTEP_CELLS: cells are units of their own
    credentials  where systemd has put secrets, if it has
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    clock = SystemClock()
    keys = _keys(config)
    secrets = SecretStore(config.state.secrets, credentials)
    reference = Reference(config.state.reference, clock)
    async with (
        slots_of(watches(config.sources)) as slots,
        open_outbox(config.state.database, school=config.school, clock=clock, settings=config.outbox) as outbox,
    ):
        box = Box(config, clock, outbox, slots, reference, keys, environment, notifier)
        try:
            async with box.cells, box.control, asyncio.TaskGroup() as tasks:
                for name, work in box.work(secrets).items():
                    tasks.create_task(work, name=name)
                spare_what_is_loaded()
                notifier.ready()
                log.info("school %s, %d devices, epoch %s", config.school, len(box.stations), outbox.epoch)
        finally:
            notifier.stopping()
            await box.drained()


def spare_what_is_loaded() -> None:
    """A search for garbage stops everybody: from now on it is rare, and leaves out what was there at the start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _keys(config: Config) -> tuple[Identity, bytes]:
    """Make the box's folders and keys where they are missing. Raises AgentError."""
    state = Path(config.state.directory)
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(config.state.runtime).mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise AgentError(
            "D-101",
            f"{error.filename} cannot be made: {error.strerror}",
            do="Check [state] in the configuration, and that the disk is mounted and the agent's user may write there.",
        ) from error
    return load_identity(state), load_card_key(config.state.card_key)
