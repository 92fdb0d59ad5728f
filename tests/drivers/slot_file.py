"""A slot in a file, where a test wants its two ends in one process or in processes that share nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from drivers.frame_slot import FrameSlot


def slot_in(path: Path) -> FrameSlot:
    """Raises FileExistsError."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        return FrameSlot.make(handle)
    finally:
        os.close(handle)
