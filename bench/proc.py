"""What the kernel says of a process: bytes to the disk, memory, processor time, open files. Source: proc(5)."""

from __future__ import annotations

import os
import time
from pathlib import Path


def written_bytes(pid: int | str = "self") -> int:
    """Bytes that the process sent to the disk so far."""
    return _number(Path(f"/proc/{pid}/io"), "write_bytes:")


def peak_bytes(pid: int | str = "self") -> int:
    """Resident memory at its highest."""
    return _number(Path(f"/proc/{pid}/status"), "VmHWM:") * 1024


def resident_bytes(pid: int | str = "self") -> int:
    """Resident memory now."""
    return _number(Path(f"/proc/{pid}/status"), "VmRSS:") * 1024


def proportional_bytes(pid: int | str = "self") -> int:
    """Memory, what it shares with others counted in parts: the sum over processes counts nothing twice."""
    return _number(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") * 1024


def unshared_bytes(pid: int | str = "self") -> int:
    """As above, without what lies in files: what only a leak makes grow."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    return (_number(rollup, "Pss_Anon:") + _number(rollup, "Pss_Shmem:")) * 1024


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_s(pid: int) -> float:
    """Processor time of all its threads so far, to the nanosecond: what clock_getcpuclockid(3) makes of the number."""
    return time.clock_gettime(~pid << 3 | 2)


def _number(path: Path, key: str) -> int:
    return next(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(key))
