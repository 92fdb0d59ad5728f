"""The memory of the watched cameras' newest pictures, one file each: made by the daemon, gone with it.

Where   a folder with a random name on tmpfs, for this user alone. The daemon holds a lock on it as long as it lives:
        a folder without a lock was left by one that was killed, and is removed at the next start. Where cells have
        users of their own it is a folder that the box made for the group of those that write and look.
Space   taken at once: a tmpfs that is full says so here, and does not end a camera in the middle of a picture.
Without memory for them (U-110) there are none: nobody looks, and everything else goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from drivers.errors import DeviceError
from drivers.frame_slot import FrameSlot

log = logging.getLogger("agent.cells")

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - memory, never a disk; the folder in it has a name that nobody can guess
PREFIX = "mektep-pictures-"
TRIES = 5
FOR_UNITS = SHARED_MEMORY / "mektep"  # systemd/tmpfiles.conf: its group is that of the cameras' cells and the eyes
ALONE, GROUP = 0o600, 0o660


class Slots(msgspec.Struct, frozen=True):
    """The file of each watched camera's slot, by its name; or none, and why."""

    files: Mapping[str, str]
    error: DeviceError | None = None


@asynccontextmanager
async def slots_of(
    cameras: Iterable[str], where: Path = SHARED_MEMORY, shared: Path | None = None
) -> AsyncIterator[Slots]:
    """Until the block ends. Raises nothing. `shared`: the folder of a box whose cells have users of their own."""
    with contextlib.ExitStack() as made:
        if shared is None:
            remove_stale(where)
        try:
            slots = Slots(_made(made, list(cameras), where, shared))
        except DeviceError as error:
            log.error("no camera is watched: %s. %s", error, error.do)
            slots = Slots({}, error)
        yield slots


def remove_stale(where: Path = SHARED_MEMORY) -> None:
    """What a killed daemon of this user has left."""
    for folder in where.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # somebody else's, or just gone
            lock = _locked(folder, wait=False)
            try:
                shutil.rmtree(folder, ignore_errors=True)
                log.info("pictures of an agent that was killed are removed")
            finally:
                os.close(lock)


def _made(made: contextlib.ExitStack, names: list[str], where: Path, shared: Path | None) -> dict[str, str]:
    """Raises DeviceError U-110."""
    if not names:
        return {}
    if shared is not None:
        folder, lock = shared, _emptied(shared)
        made.callback(os.close, lock)
        made.callback(_empty, shared)
    else:
        folder, lock = _folder(where)
        made.callback(os.close, lock)
        made.callback(shutil.rmtree, folder, ignore_errors=True)
    found = {name: str(folder / name) for name in names}
    for path in found.values():
        try:
            FrameSlot.make(Path(path), ALONE if shared is None else GROUP).close()  # the file stays
        except OSError as error:
            raise _no_room(error) from error
    return found


def _emptied(folder: Path) -> int:
    """The lock that is held on it; what a killed daemon has left in it is gone."""
    try:
        lock = _locked(folder, wait=False)
    except BlockingIOError:
        raise DeviceError(
            "U-110", f"another agent keeps its pictures in {folder}", do="End one of the two agents of this box."
        ) from None
    except OSError as error:
        what = f"no pictures can be kept in {folder}: {error.strerror}"
        raise DeviceError("U-110", what, do="Run: sudo systemd-tmpfiles --create, then restart the agent.") from error
    _empty(folder)
    return lock


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            path.unlink()


def _folder(where: Path) -> tuple[Path, int]:
    """A new one, and the lock that is held on it."""
    for _ in range(TRIES):
        try:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
        except OSError as error:
            raise _no_room(error) from error
        with contextlib.suppress(OSError):  # another start took it for a stale one before it was locked
            lock = _locked(folder, wait=True)
            if folder.exists():
                return folder, lock
            os.close(lock)
    raise DeviceError("U-110", f"no folder can be kept in {where}", do="Look what removes it.")


def _locked(folder: Path, *, wait: bool) -> int:
    """Raises OSError, BlockingIOError while somebody holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(handle).st_uid != os.geteuid():
            raise PermissionError(f"{folder} is of another user")
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(handle)
        raise
    return handle


def _no_room(error: OSError) -> DeviceError:
    what = f"no memory can be shared with the cameras in {SHARED_MEMORY}: {error.strerror}"
    return DeviceError("U-110", what, do="Run `df /dev/shm`; end what fills it, then restart the agent.")
