"""System calls that no driver needs: starting programs, looking into other processes, signalling them. By seccomp.

It holds also where the kernel has no Landlock. A call that is refused fails with EPERM; nothing is ended. On a
processor that is not in the table nothing is refused.

Source  seccomp(2), linux/filter.h, linux/audit.h; numbers: asm/unistd_64.h (x86-64), asm-generic/unistd.h (aarch64).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

import msgspec

PR_SET_SECCOMP, FILTER_MODE = 22, 2
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


class Machine(msgspec.Struct, frozen=True):
    """How one kind of processor numbers its system calls."""

    audit: int
    never: tuple[int, ...]
    own_only: tuple[int, ...]  # only to our own process


NEVER = (  # name, x86-64, aarch64
    ("execve", 59, 221), ("execveat", 322, 281), ("ptrace", 101, 117), ("process_vm_readv", 310, 270),
    ("process_vm_writev", 311, 271), ("rt_sigqueueinfo", 129, 138), ("rt_tgsigqueueinfo", 297, 240),
    ("tkill", 200, 130), ("pidfd_send_signal", 424, 424), ("pidfd_getfd", 438, 438), ("unshare", 272, 97),
    ("setns", 308, 268), ("mount", 165, 40), ("bpf", 321, 280), ("perf_event_open", 298, 241),
    ("userfaultfd", 323, 282), ("keyctl", 250, 219),
)  # fmt: skip
OWN_ONLY = (("kill", 62, 129), ("tgkill", 234, 131))
MACHINES = {
    "x86_64": Machine(0xC000003E, tuple(one[1] for one in NEVER), tuple(one[1] for one in OWN_ONLY)),
    "aarch64": Machine(0xC00000B7, tuple(one[2] for one in NEVER), tuple(one[2] for one in OWN_ONLY)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


_libc = ctypes.CDLL(None, use_errno=True)


def refuse_calls() -> bool:
    """From now on, for good, also in threads to come. Whether processor and kernel know how. Raises OSError."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    code = program(machine, os.getpid())
    told = _Program(len(code) // 8, code)
    if _libc.prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.byref(told), 0, 0) == 0:
        return True
    if ctypes.get_errno() == errno.EINVAL:  # a kernel without seccomp
        return False
    raise OSError(ctypes.get_errno(), "prctl PR_SET_SECCOMP")


def program(machine: Machine, pid: int) -> bytes:
    """The filter: eight bytes an instruction. Another machine's calls are let through: their numbers mean others."""
    refused, own = list(machine.never), list(machine.own_only)
    to_refuse, to_own = len(own) + len(refused), len(own)
    steps = [(LOAD, 0, 0, MACHINE), (IF_EQUAL, 0, to_refuse + 1, machine.audit), (LOAD, 0, 0, NUMBER)]
    for at, number in enumerate(own):
        steps.append((IF_EQUAL, to_refuse - at, 0, number))  # to: load the first argument
    for at, number in enumerate(refused):
        steps.append((IF_EQUAL, to_refuse - to_own - at + 2, 0, number))  # to: refuse
    steps += [
        (RETURN, 0, 0, ALLOW),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (IF_EQUAL, 1, 0, pid),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
