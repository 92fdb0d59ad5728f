"""Memory that was freed goes back to the system: the C library keeps it for each thread that ever took some.

Source  malloc_trim(3) of glibc; another C library has none, and none is needed there.
"""

from __future__ import annotations

import ctypes

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


def give_back() -> None:
    """Takes some milliseconds where there is much."""
    if _trim is not None:
        _trim(0)
