"""The memory of the watched cameras' newest pictures, one each: made by the daemon, handed to who writes and who looks.

Nameless  anonymous memory (memfd): there is no file that another process could find or guess. A cell is handed what is
          its own with its first word (agent/cells/process.py), whoever its user is; nobody may look into the daemon or
          a cell for the rest (agent/kept_in_memory.py, drivers/cell_rights.py).
Sealed    nobody can make it shorter, which would end whoever reads it.
Space     taken at once: where there is no memory it is said here, and no camera ends in the middle of a picture.
Gone      with the last process that has it: a daemon that is killed leaves nothing.
Without memory for them (U-110) there are none: nobody looks, and everything else goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

import msgspec

from drivers.errors import DeviceError
from drivers.frame_slot import FrameSlot, place_of

log = logging.getLogger("agent.cells")

FIRST = 100  # its number is the same in the daemon and in a cell, which has few files when it begins
MEMORY = "mektep-picture"


class Slots(msgspec.Struct, frozen=True):
    """The place of each watched camera's slot, by its name; or none, and why."""

    files: Mapping[str, str]
    error: DeviceError | None = None


@asynccontextmanager
async def slots_of(cameras: Iterable[str]) -> AsyncIterator[Slots]:
    """Until the block ends. Raises nothing."""
    with contextlib.ExitStack() as made:
        try:
            slots = Slots({name: place_of(_made(made)) for name in cameras})
        except OSError as error:
            made.close()
            slots = Slots({}, _no_room(error))
            log.error("no camera is watched: %s", slots.error)
        yield slots


def _made(made: contextlib.ExitStack) -> int:
    """Raises OSError."""
    handle = os.memfd_create(MEMORY, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        kept = fcntl.fcntl(handle, fcntl.F_DUPFD_CLOEXEC, FIRST)
    finally:
        os.close(handle)
    made.callback(os.close, kept)
    FrameSlot.make(kept).close()  # the memory stays
    fcntl.fcntl(kept, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return kept


def _no_room(error: OSError) -> DeviceError:
    what = f"there is no memory that could be shared with the cameras: {error.strerror}"
    return DeviceError("U-110", what, do="Run `free -m`; end what fills the memory, then restart the agent.")
