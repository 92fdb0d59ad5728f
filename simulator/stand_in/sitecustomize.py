"""Stands for the kernel's word on its clock: while the file that KERNEL_CLOCK names is there, a time daemon keeps it.

Python loads a module of this name at its start where it is on PYTHONPATH. Only what adjtimex(2) returns is answered
here; the clock itself stays the machine's. Where libfaketime makes the wall clock jump, a thread that sleeps waits by
another call of the kernel's: that library answers clock_nanosleep(2) on the steady clock with EINVAL.
"""

from __future__ import annotations

import ctypes
import os
import select
import time
from typing import SupportsIndex

TIME_OK, TIME_ERROR = 0, 5  # adjtimex(2)


class _Libc(ctypes.CDLL):
    """The C library, but for one call."""

    def adjtimex(self, _timex: object) -> int:
        return TIME_OK if os.path.exists(os.environ["KERNEL_CLOCK"]) else TIME_ERROR


def _sleep(seconds: float | SupportsIndex, /) -> None:
    select.select([], [], [], float(seconds))


if "faketime" in os.environ.get("LD_PRELOAD", ""):
    time.sleep = _sleep
if "KERNEL_CLOCK" in os.environ:
    ctypes.CDLL = _Libc  # type: ignore[misc]
