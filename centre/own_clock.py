"""Whether this machine's own clock may be believed: what it signs with a wrong time, boxes refuse while that lasts.

Source  adjtimex(2): TIME_ERROR while no time daemon disciplines the clock; `maxerror` of struct timex, microseconds.
"""

from __future__ import annotations

import ctypes
import struct

import msgspec

TIME_ERROR = 5
MAXERROR_AT = struct.calcsize("@I3l") - struct.calcsize("@l")  # modes, offset, freq, maxerror


class Found(msgspec.Struct, frozen=True):
    synchronised: bool
    said: str  # how we know it


def look() -> Found:
    timex = (ctypes.c_byte * 256)()  # modes = 0: nothing is changed; larger than struct timex on every architecture
    try:
        state = int(ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)))
    except AttributeError:  # not of Linux
        return Found(False, "this system does not say whether its clock is right")
    if not 0 <= state < TIME_ERROR:
        return Found(False, "by the kernel (adjtimex) no time service keeps its clock")
    (error_us,) = struct.unpack_from("@l", timex, MAXERROR_AT)
    return Found(True, f"by the kernel (adjtimex) its clock is kept, to {error_us / 1e6:.3f} s")
