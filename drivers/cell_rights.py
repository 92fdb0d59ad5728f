"""What a cell gives up before it loads a driver: files, capabilities, memory without end, outliving the daemon.

After give_up() the process reads only the system's and the interpreter's own files and those it was named, writes only
to devices, starts no program, gains no right, leaves no core dump, lets nobody of the same user look into its memory,
and ends with its parent.

Source  prctl(2), capset(2), setrlimit(2), landlock(7). Where the kernel has no Landlock the rest still holds; which
        system calls are refused: drivers/cell_calls.py.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from drivers.cell_calls import refuse_calls

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 1, 4, 38, 24
CAP_LAST = 63  # more than any kernel knows: unknown ones are refused without harm
CAPABILITY_VERSION_3 = 0x20080522
SYS_CREATE_RULESET, SYS_ADD_RULE, SYS_RESTRICT_SELF = 444, 445, 446  # the same on every architecture
RULE_PATH_BENEATH, VERSION_FLAG = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEVICE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
RIGHTS_OF = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}  # by version
LOOK = READ_FILE | READ_DIR
USE = LOOK | WRITE_FILE | TRUNCATE | IOCTL_DEVICE
FILES = 256
FILE_BYTES = 16 << 20  # of a file it writes: it needs none, but shared memory counts as one
HEADROOM_BYTES = 512 << 20  # address space is not memory: the daemon watches what is really used
READ_ONLY = (  # never /etc as a whole: the box's own keys lie there
    "/usr", "/lib", "/lib64", "/opt", "/sys", "/proc", "/run/udev", "/run/pcscd", "/etc/ld.so.cache", "/etc/ssl",
    "/etc/localtime", "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
    "/etc/services", "/etc/libcamera", "/etc/reader.conf.d",
)  # fmt: skip
DEVICES = "/dev"


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


_libc = ctypes.CDLL(None, use_errno=True)


def give_up(memory_mb: int, nice: int, paths: Iterable[str], parent: int | None) -> bool:
    """Give up what no driver needs. Returns whether files are confined. Raises OSError.

    parent  the daemon's process; None in a unit of its own, which ends with its socket, or by its watchdog
    """
    if parent is not None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended before we asked
            os.kill(os.getpid(), signal.SIGKILL)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _drop_capabilities()
    _prctl(PR_SET_DUMPABLE, 0)  # after all that sets it anew; a limit of 0 does not bind a kernel that pipes dumps
    _limit(memory_mb)
    if nice:
        with contextlib.suppress(
            PermissionError
        ):  # the unit's sandbox may forbid it: then it is no worse than the daemon
            os.nice(nice)
    confined = _confine(paths)
    refuse_calls()
    return confined


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _drop_capabilities() -> None:
    """Root without capabilities is a user who owns many files; for others there is nothing to drop."""
    if os.geteuid() != 0:
        return
    for capability in range(CAP_LAST):
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if _libc.capset(ctypes.byref(header), ctypes.byref(none)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _limit(memory_mb: int) -> None:
    data = 2 * (memory_mb << 20) + HEADROOM_BYTES
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: FILES,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_DATA: data,
    }
    for what, most in limits.items():
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def landlock_version() -> int:
    """Of this kernel; below 1: files are not confined, and programs can be started."""
    return int(_libc.syscall(SYS_CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG))


def _confine(paths: Iterable[str]) -> bool:
    """By Landlock, if the kernel has it. Raises OSError if it has it and refuses."""
    version = landlock_version()
    if version < 1:
        return False
    handled = RIGHTS_OF.get(version, RIGHTS_OF[max(RIGHTS_OF)])
    attributes = ctypes.c_uint64(handled)
    rules = _libc.syscall(SYS_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(8), 0)
    if rules < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    try:
        for path in {*READ_ONLY, *_interpreter(), *paths}:
            _allow(rules, path, LOOK & handled)
        _allow(rules, DEVICES, USE & handled)
        if _libc.syscall(SYS_RESTRICT_SELF, rules, 0) != 0:
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    finally:
        os.close(rules)
    return True


def _interpreter() -> set[str]:
    """Where Python and our own code lie."""
    return {sys.prefix, sys.base_prefix, sys.exec_prefix, *(path for path in sys.path if path)}


def _allow(rules: int, path: str, allowed: int) -> None:
    """What is not there needs no right."""
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not Path(path).is_dir():
            allowed &= ~READ_DIR
        rule = _PathBeneath(allowed, parent)
        if _libc.syscall(SYS_ADD_RULE, rules, RULE_PATH_BENEATH, ctypes.byref(rule), 0) != 0:
            raise OSError(ctypes.get_errno(), f"landlock_add_rule {path}")
    finally:
        os.close(parent)
