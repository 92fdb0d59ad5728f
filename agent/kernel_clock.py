"""Whether the kernel takes its clock for synchronised: asked, or told by the one unit of a box that may ask.

The daemon's sandbox forbids adjtimex(2), although it would only read. mektep-clock.service runs this module: it asks
every few seconds and writes the answer, with the time of asking, into a file on tmpfs.
Source  adjtimex(2): the kernel clears STA_UNSYNC (0x0040) when a time daemon disciplines the clock.
File    "1 NANOSECONDS" or "0 NANOSECONDS", of CLOCK_BOOTTIME, 20 digits; an answer that is old is none.
"""

from __future__ import annotations

import ctypes
import os
import time

TIME_ERROR = 5  # adjtimex(2): clock not synchronised
TOLD = "/run/mektep-clock/synced"
ASK_S = 5
FRESH_NS = 30 * 10**9
_libc = ctypes.CDLL(None, use_errno=True)


def synced(told: str = TOLD) -> bool:
    """False where nobody may ask and nobody tells."""
    answer = _read(told, time.clock_gettime_ns(time.CLOCK_BOOTTIME))
    return ask() if answer is None else answer


def ask() -> bool:
    """Ask the kernel without changing anything. False where the call is refused."""
    timex = (ctypes.c_byte * 256)()  # modes = 0: read only; larger than struct timex on every architecture
    state: int = _libc.adjtimex(ctypes.byref(timex))
    return 0 <= state < TIME_ERROR


def tell(told: str) -> None:
    """Ask, and write the answer."""
    words = b"%d %020d\n" % (ask(), time.clock_gettime_ns(time.CLOCK_BOOTTIME))
    handle = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.fchmod(handle, 0o644)  # whatever the umask
        os.pwrite(handle, words, 0)  # of one length: never half of two answers
    finally:
        os.close(handle)


def _read(told: str, now_ns: int) -> bool | None:
    """What was told lately, if anything was."""
    try:
        handle = os.open(told, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        answer, _, at = os.read(handle, 64).partition(b" ")
        age_ns = now_ns - int(at)
    except (OSError, ValueError):
        return None
    finally:
        os.close(handle)
    return answer == b"1" if 0 <= age_ns <= FRESH_NS and answer in (b"0", b"1") else None


def main() -> None:
    while True:
        tell(TOLD)
        time.sleep(ASK_S)


if __name__ == "__main__":
    main()
