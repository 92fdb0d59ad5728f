"""Who else has the database open, and who holds its lock: by pid and command, so that a technician can close it.

One     two agents would give the same sequences to different events; a lock file beside the database lets in one.

Source  proc(5): /proc/locks names inode and pid of each POSIX lock; /proc/PID/fd what each process has open.
Without the right to look into a foreign process its name stays unknown; the pid of a lock holder is always known.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import AgentError


@contextmanager
def only_agent(database: Path) -> Iterator[None]:
    """Be the one agent of this database; a crash gives it up too. Raises AgentError D-104, OSError."""
    path = database.with_name(database.name + ".lock")
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holders = ", ".join(_holders({_inode(path)}).values()) or "unknown"
            do = "Stop the other agent, or give this one a state directory of its own."
            raise AgentError("D-104", f"another agent has {database} open: {holders}", do=do) from error
        yield
    finally:
        os.close(lock)


def write_lock_holders(database: Path) -> list[str]:
    """Foreign processes with a write lock on the database's lock byte ranges (its -shm file, or the file itself)."""
    inodes = {_inode(path) for path in (database.with_name(database.name + "-shm"), database)} - {0}
    return [name for pid, name in _holders(inodes).items() if pid != os.getpid()]


def open_elsewhere(database: Path) -> list[str]:
    """Foreign processes that have the database open."""
    target = str(database.resolve())
    found = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [_name(pid) for pid in sorted(found) if pid != os.getpid() and target in _open_files(pid)]


def _holders(inodes: set[int]) -> dict[int, str]:
    """Pids, with their names, that hold a write lock on one of these inodes."""
    pids = {pid for inode, kind, pid in _locks() if kind == "WRITE" and inode in inodes}
    return {pid: _name(pid) for pid in sorted(pids)}


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _locks() -> Iterable[tuple[int, str, int]]:
    """Inode, kind and pid of each lock in the system."""
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split()
        if len(words) >= 6 and words[1] != "->" and words[4].lstrip("-").isdigit():
            yield int(words[5].rpartition(":")[2]), words[3], int(words[4])


def _open_files(pid: int) -> set[str]:
    found: set[str] = set()
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            found.add(os.readlink(entry.path))
    except OSError:
        return found  # gone, or not ours to look at
    return found


def _name(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        command = ""
    return f"{pid} ({command[:60]})" if command else f"{pid}"
