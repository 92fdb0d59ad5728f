"""What a process has freed is the system's again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import ctypes
from drivers.freed_memory import give_back

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

pieces = [libc.malloc(100_000) for _ in range(400)]
for piece in pieces:
    ctypes.memset(piece, 1, 100_000)
keeps = pieces.pop()  # at the end of the heap: what lies below it cannot go by itself
before = resident()
for piece in pieces:
    libc.free(piece)
kept = resident()
give_back()
print(before - kept < 5_000_000, before - resident() > 30_000_000)
"""


def test_what_was_freed_goes_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.stdout == "True True\n", done.stderr
