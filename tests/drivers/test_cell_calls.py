"""The filter of system calls: what it says of each number on each processor, and what a process under it cannot do."""

from __future__ import annotations

import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.cell_calls import (
    ALLOW,
    FIRST_ARGUMENT,
    IF_EQUAL,
    LOAD,
    MACHINE,
    MACHINES,
    NEVER,
    NUMBER,
    OWN_ONLY,
    REFUSE,
    RETURN,
    program,
)

ROOT = str(Path(__file__).resolve().parents[2])
PID = 1234
NUMBERS = range(500)


def judged(code: bytes, audit: int, number: int, argument: int) -> int:
    """What the kernel's machine makes of a call."""
    steps = [struct.unpack("=HBBI", code[at : at + 8]) for at in range(0, len(code), 8)]
    data, held, at = {NUMBER: number, MACHINE: audit, FIRST_ARGUMENT: argument}, 0, 0
    while True:
        kind, if_true, if_false, value = steps[at]
        at += 1
        if kind == LOAD:
            held = data[value]
        elif kind == IF_EQUAL:
            at += if_true if held == value else if_false
        else:
            assert kind == RETURN
            return int(value)


@pytest.mark.parametrize("name", MACHINES)
def test_only_what_is_named_is_refused(name: str) -> None:
    machine = MACHINES[name]
    code = program(machine, PID)
    for number in NUMBERS:
        never, own = number in machine.never, number in machine.own_only
        assert judged(code, machine.audit, number, PID) == (REFUSE if never else ALLOW)
        assert judged(code, machine.audit, number, 1) == (REFUSE if never or own else ALLOW)
        assert judged(code, machine.audit ^ 1, number, 1) == ALLOW


def test_each_call_has_a_number_of_its_own() -> None:
    for machine in MACHINES.values():
        numbers = [*machine.never, *machine.own_only]
        assert len(set(numbers)) == len(numbers) == len(NEVER) + len(OWN_ONLY)


HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
GENERIC = Path("/usr/include/asm-generic/unistd.h")


def test_the_numbers_are_those_of_the_kernels_own_headers() -> None:
    """linux-libc-dev, which scripts/setup installs."""
    generic = _numbers(GENERIC)
    for name, amd64, arm64 in (*NEVER, *OWN_ONLY):
        assert generic[name] == arm64, name
        if HEADER.exists():
            assert _numbers(HEADER)[name] == amd64, name


def _numbers(header: Path) -> dict[str, int]:
    words = [
        line.split() for line in header.read_text(encoding="utf-8").splitlines() if line.startswith("#define __NR")
    ]
    named = [(one[1].removeprefix("__NR3264_").removeprefix("__NR_"), one[2]) for one in words if len(one) > 2]
    return {name: int(number) for name, number in named if number.isdecimal()}


UNDER_IT = """
import ctypes, os, signal, subprocess, sys, threading
from drivers.cell_calls import refuse_calls
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
print(refuse_calls())

def tried(what):
    try:
        what()
        return "done"
    except PermissionError:
        return "refused"

print(tried(lambda: subprocess.run(["/bin/true"])))
print(tried(lambda: os.kill(os.getppid(), 0)))
print(tried(lambda: os.kill(os.getpid(), 0)))
print(libc.ptrace(16, os.getppid(), 0, 0), ctypes.get_errno())
heard = []
thread = threading.Thread(target=lambda: heard.append(tried(lambda: os.kill(os.getppid(), 0))))
thread.start()
thread.join()
print(*heard, flush=True)
os.abort()
"""


def test_a_process_under_it_starts_nothing_and_signals_nobody_but_itself() -> None:
    assert platform.machine() in MACHINES
    done = subprocess.run(
        [sys.executable, "-P", "-c", UNDER_IT], capture_output=True, text=True, env={"PYTHONPATH": ROOT}, check=False
    )
    assert done.stdout.splitlines() == ["True", "refused", "refused", "done", "-1 1", "refused"], done.stderr
    assert done.returncode == -6  # its own end it may bring about
