"""What a process cannot do any more after give_up(); the whole in a cell: tests/agent/cells/test_cell.py."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])
BEGIN = "import os, sys\nfrom drivers.cell_rights import give_up\n"


def process(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", BEGIN + code, *arguments],
        capture_output=True, text=True, env={"PYTHONPATH": ROOT}, check=False,
    )  # fmt: skip


def test_without_its_parent_it_ends_at_once() -> None:
    assert process("give_up(100, 0, (), 1)\nprint('alive')").returncode == -signal.SIGKILL


def test_it_gives_way_and_keeps_to_its_limits() -> None:
    code = """
import resource
nice = os.nice(0)
give_up(100, 5, (), os.getppid())
print(os.nice(0) == min(19, nice + 5))
print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE)[1])
print(open("/proc/self/maps").readline() != "", len(os.listdir("/proc/self/fd")) > 2)  # its own it may see
try:
    bytearray(4 << 30)
except MemoryError:
    print("no more memory")
"""
    done = process(code)
    assert done.stdout.splitlines() == ["True", "(256, 256) 0", "True True", "no more memory"], done.stderr


def test_it_reads_what_it_was_named_and_writes_no_file(tmp_path: Path) -> None:
    named, other = tmp_path / "named", tmp_path / "other"
    named.write_text("named")
    other.write_text("other")
    code = """
confined = give_up(100, 0, (sys.argv[1],), os.getppid())
print(confined, open(sys.argv[1]).read())
for path, mode in ((sys.argv[2], "r"), (sys.argv[1], "w"), (sys.argv[1] + "x", "w")):
    try:
        open(path, mode)
        print("opened")
    except PermissionError:
        print("refused")
print(open("/dev/null", "w").write("x"))
"""
    done = process(code, str(named), str(other))
    assert done.stdout.splitlines() == ["True named", "refused", "refused", "refused", "1"], done.stderr


def test_without_landlock_it_says_so_and_gives_up_the_rest() -> None:
    code = """
import drivers.cell_rights
drivers.cell_rights.landlock_version = lambda: -1
print(give_up(100, 0, (), os.getppid()), open(sys.executable, "rb").read(1) != b"")
print(next(line for line in open("/proc/self/status") if line.startswith("NoNewPrivs")).split()[1])
"""
    assert process(code).stdout.split() == ["False", "True", "1"]


def test_a_path_that_is_not_there_needs_no_right() -> None:
    assert process("give_up(100, 0, ('/nothing/at/all',), os.getppid())\nprint('ok')").stdout == "ok\n"


def test_nobody_of_the_same_user_looks_into_it_and_no_dump_is_left() -> None:
    """Root may all: the processes are of another user; one has given up, one has not, their parent wants to look."""
    code = """
import ctypes
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
def refused(pid):
    try:
        open(f"/proc/{pid}/mem", "rb").close()
        return False
    except PermissionError:
        return True
def child(gives_up):
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        if gives_up:
            give_up(100, 0, (), os.getppid())
        else:
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
        os.write(ready[1], str(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)).encode())
        os.read(go[0], 1)
        os.abort()
    dumpable = os.read(ready[0], 1).decode()
    found = refused(pid)
    os.write(go[1], b"x")
    status = os.waitpid(pid, 0)[1]
    return dumpable, found, os.WCOREDUMP(status)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # another user's process is not, until it starts a program
print(child(False)[:2], child(True))
"""
    done = process(code)
    assert done.stdout == "('1', False) ('0', True, False)\n", done.stderr
