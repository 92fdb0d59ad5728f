"""No dump of the agent's memory; swap to a disk is told, unless the agent is kept out of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.kept_in_memory import LOOK_S, Swap, disk_swap, is_kept_out
from tests.clock import START_NS, FastClock

HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
FILE = "/var/swap                               file\t\t102396\t\t0\t\t-2\n"
ZRAM = "/dev/zram0                              partition\t2097136\t\t0\t\t100\n"
BLANK = "/var/my\\040swap                         file\t\t102396\t\t0\t\t-2\n"


def box(folder: Path, swaps: str = "", *, backing: str = "none", group: str = "", most: str = "") -> Path:
    """A file tree as the kernel shows it."""
    for path, text in {
        "proc/swaps": HEAD + swaps,
        "proc/self/cgroup": f"0::/{group}\n",
        "sys/block/zram0/backing_dev": f"{backing}\n",
        f"sys/fs/cgroup/{group}/memory.swap.max": most,
    }.items():
        if text.strip():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("swaps", "backing", "found"),
    [
        ("", "none", []),
        (FILE, "none", ["/var/swap"]),
        (BLANK, "none", ["/var/my swap"]),
        (ZRAM, "none", []),
        (ZRAM, "", []),  # a kernel whose zram cannot write back
        (ZRAM, "/dev/loop0", ["/dev/zram0"]),
        (ZRAM + FILE, "none", ["/var/swap"]),
    ],
)
def test_what_is_swapped_to_a_disk(tmp_path: Path, swaps: str, backing: str, found: list[str]) -> None:
    assert disk_swap(box(tmp_path, swaps, backing=backing)) == found


@pytest.mark.parametrize(
    ("group", "most", "kept_out"),
    [
        ("system.slice/mektep-agent.service", "0\n", True),
        ("system.slice/mektep-agent.service", "max\n", False),
        ("system.slice/mektep-agent.service", "", False),  # no memory controller
        ("", "", False),
    ],
)
def test_a_control_group_may_keep_it_out(tmp_path: Path, group: str, most: str, kept_out: bool) -> None:
    assert is_kept_out(box(tmp_path, group=group, most=most)) is kept_out


def test_a_group_above_is_enough(tmp_path: Path) -> None:
    folder = box(tmp_path, group="system.slice/mektep-agent.service", most="max\n")
    (folder / "sys/fs/cgroup/system.slice/memory.swap.max").write_text("0\n")
    assert is_kept_out(folder)


def test_where_there_is_no_such_file_there_is_no_swap(tmp_path: Path) -> None:
    assert (disk_swap(tmp_path), is_kept_out(tmp_path)) == ([], False)


def test_it_is_told_as_long_as_it_is_so(tmp_path: Path) -> None:
    clock = FastClock()
    swap = Swap(clock, box(tmp_path, FILE))
    (trouble,) = swap.trouble()
    assert (trouble.code, trouble.since_ns) == ("U-111", START_NS)
    assert "/var/swap" in trouble.what
    clock.advance(LOOK_S)
    assert [one.since_ns for one in swap.trouble()] == [START_NS]
    box(tmp_path, "")
    assert swap.trouble()  # it looks once a minute
    clock.advance(LOOK_S)
    assert swap.trouble() == []


def test_a_box_that_keeps_the_agent_out_has_no_trouble(tmp_path: Path) -> None:
    group = "system.slice/mektep-agent.service"
    assert Swap(FastClock(), box(tmp_path, FILE, group=group, most="0\n")).trouble() == []


def test_a_process_leaves_no_dump() -> None:
    code = """
import ctypes, os, resource, signal
from agent.kept_in_memory import leave_no_dump
leave_no_dump()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
os.kill(os.getpid(), signal.SIGSEGV)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert (done.stdout, done.returncode) == ("(0, 0) 0\n", -signal.SIGSEGV), done.stderr
