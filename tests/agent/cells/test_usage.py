"""What a process uses, as the kernel tells it; a process that has ended keeps its last figures."""

from __future__ import annotations

import os
import subprocess
import sys

from agent.cells.usage import WINDOW_S, Usage

KEEP = "import sys; kept = bytearray(30 << 20); print(flush=True); sys.stdin.read()"


def test_memory_and_processor_are_those_of_the_process() -> None:
    child = subprocess.Popen([sys.executable, "-c", KEEP], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    usage = Usage(child.pid)
    usage.look(0.0)
    usage.look(10.0)
    assert 30 < usage.memory_mb < 60
    assert usage.cpu_percent < 1
    child.communicate()
    usage.look(20.0)
    assert usage.memory_mb > 30
    assert usage.seen_s() == 10.0


def test_the_processor_is_of_the_last_half_minute() -> None:
    usage = Usage(os.getpid())
    for second in range(0, 200, 5):
        usage.look(float(second))
    assert usage.seen_s() == WINDOW_S
    assert Usage(os.getpid()).seen_s() == 0.0
