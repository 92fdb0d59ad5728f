"""What is in the agent's memory reaches no disk: it leaves no core dump; where the system may swap it, that is told.

Dumps   none of this process; a cell has its own rule (drivers/cell_rights.py). A limit alone is not enough: the kernel
        pays no heed to it where dumps are piped to a program, as systemd-coredump is (core(5)).
Swap    the unit forbids it (MemorySwapMax=0), which a kernel without the memory controller cannot obey: that of
        Raspberry Pi OS is started so. Swap in compressed memory (zram) is no disk, unless it is written back to one.
Source  proc(5), cgroups(7), the kernel's admin-guide/blockdev/zram, prctl(2).
Raises  OSError from leave_no_dump() if the kernel refuses.
"""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path

from agent.clock import Clock
from agent.outbox.troubles import Trouble

PR_SET_DUMPABLE = 4
LOOK_S = 60.0
OCTAL_BLANK = "\\040"  # as the kernel writes a blank in a name


def leave_no_dump() -> None:
    """From now on, and in no child before it is another program."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl PR_SET_DUMPABLE")


class Swap:
    """Of this box; asked each second, it looks once a minute."""

    def __init__(self, clock: Clock, root: Path = Path("/")) -> None:
        self._clock = clock
        self._root = root
        self._found: Trouble | None = None
        self._looked_s = float("-inf")

    def trouble(self) -> list[Trouble]:
        now_s = self._clock.monotonic_ns() / 1e9
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s, self._found = now_s, self._look()
        return [self._found] if self._found else []

    def _look(self) -> Trouble | None:
        where = disk_swap(self._root)
        if not where or is_kept_out(self._root):
            return None
        what = f"this box swaps to {', '.join(where)}: keys and pictures of the agent's memory may reach the disk"
        do = "Switch swap to a disk off and restart the box: docs/cells.md says how."
        since_ns = self._found.since_ns if self._found else self._clock.utc_ns()
        return Trouble(code="U-111", what=what, do=do, since_ns=since_ns)


def disk_swap(root: Path) -> list[str]:
    """The files and devices on a disk that memory is swapped to now."""
    names = [line.split()[0].replace(OCTAL_BLANK, " ") for line in _read(root / "proc/swaps").splitlines()[1:] if line]
    return [name for name in names if not _is_memory(root, name)]


def _is_memory(root: Path, name: str) -> bool:
    device = os.path.basename(name)
    if not device.startswith("zram"):
        return False
    return _read(root / f"sys/block/{device}/backing_dev").strip() in ("", "none")


def is_kept_out(root: Path) -> bool:
    """Whether a control group of this process, or one above it, allows it no swap."""
    place = next((line[3:] for line in _read(root / "proc/self/cgroup").splitlines() if line.startswith("0::")), "/")
    folder, groups = root / "sys/fs/cgroup", place.strip("/")
    paths = [folder.joinpath(*groups.split("/")[:depth]) for depth in range(1, groups.count("/") + 2)] if groups else []
    return any(_read(path / "memory.swap.max").strip() == "0" for path in paths)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
