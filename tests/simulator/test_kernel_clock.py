"""What the kernel says of its clock, by the stand-in: the agent's own clock believes it, and nothing else changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.more_devices import STAND_IN

ASK = """
import agent.clock, time
clock = agent.clock.SystemClock()
print(clock.synced(), clock.utc_ns() - time.time_ns())
"""


@pytest.mark.parametrize("trusted", [True, False])
def test_the_agent_trusts_its_clock_while_the_file_is_there(tmp_path: Path, trusted: bool) -> None:
    if trusted:
        (tmp_path / "kernel-clock").touch()
    found = os.pathsep.join(filter(None, (str(STAND_IN), os.environ.get("PYTHONPATH", ""))))
    env = os.environ | {"KERNEL_CLOCK": str(tmp_path / "kernel-clock"), "PYTHONPATH": found}
    told = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True, env=env).stdout
    synced, ahead_ns = told.split()
    assert synced == str(trusted)
    assert abs(int(ahead_ns)) < 1e9
