"""Whether the kernel takes its clock for synchronised: asked, or told by the one unit of a box that may ask.

The daemon's sandbox forbids adjtimex(2), although it would only read. mektep-clock.service runs this module: it asks
every few seconds and writes the answer, with the time of asking, into a file on tmpfs.
Source  adjtimex(2): the kernel clears STA_UNSYNC (0x0040) when a time daemon disciplines the clock. It sets it again
        when it supposes 16 s of error, at 500 ppm: 9 hours after the last word of a time server.
Held    no clock is so bad, and a school may be without a line for weeks: a clock that was right in this run of the
        machine is believed for HOLD_NS more, unless somebody sets it. 50 ppm are two minutes in a month.
Files   told: "1 UP" or "0 UP", nanoseconds of CLOCK_BOOTTIME, 20 digits; an answer that is old is none.
        held: "UTC UP", when the kernel last vouched for its clock
"""

from __future__ import annotations

import ctypes
import os
import time
from typing import NamedTuple

TIME_ERROR = 5  # adjtimex(2): clock not synchronised
TOLD = "/run/mektep-clock/synced"
HELD = "/run/mektep-clock/held"
ASK_S = 5
FRESH_NS = 30 * 10**9
HOLD_NS = 30 * 86_400 * 10**9
STEP_NS = 2 * 10**9  # a leap second is none; UTC and the time since the start run side by side otherwise
_libc = ctypes.CDLL(None, use_errno=True)


class Vouched(NamedTuple):
    """When the kernel last vouched for its clock."""

    utc_ns: int
    up_ns: int  # CLOCK_BOOTTIME


def synced(told: str = TOLD) -> bool:
    """False where nobody may ask and nobody tells."""
    answer = _read(told, time.clock_gettime_ns(time.CLOCK_BOOTTIME))
    return ask() if answer is None else answer


def ask() -> bool:
    """Ask the kernel without changing anything. False where the call is refused."""
    timex = (ctypes.c_byte * 256)()  # modes = 0: read only; larger than struct timex on every architecture
    state: int = _libc.adjtimex(ctypes.byref(timex))
    return 0 <= state < TIME_ERROR


def tell(told: str, held: str) -> None:
    """Ask, and write the answer; and when it was that the kernel vouched for its clock."""
    now, vouched = Vouched(time.time_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)), ask()
    if vouched:
        _write(held, b"%020d %020d\n" % now)
    _write(told, b"%d %020d\n" % (vouched or holds(_vouched(held), now), now.up_ns))


def holds(last: Vouched | None, now: Vouched) -> bool:
    """Whether the clock is believed although the kernel does not vouch for it now: nobody has set it since."""
    if last is None:
        return False
    since_ns = now.up_ns - last.up_ns
    return 0 <= since_ns <= HOLD_NS and abs(now.utc_ns - last.utc_ns - since_ns) <= STEP_NS


def _write(path: str, words: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.fchmod(handle, 0o644)  # whatever the umask
        os.pwrite(handle, words, 0)  # of one length: never half of two answers
    finally:
        os.close(handle)


def _vouched(held: str) -> Vouched | None:
    try:
        utc_ns, up_ns = _words(held).split()
        return Vouched(int(utc_ns), int(up_ns))
    except ValueError:
        return None


def _read(told: str, now_ns: int) -> bool | None:
    """What was told lately, if anything was."""
    answer, _, at = _words(told).partition(b" ")
    try:
        age_ns = now_ns - int(at)
    except ValueError:
        return None
    return answer == b"1" if 0 <= age_ns <= FRESH_NS and answer in (b"0", b"1") else None


def _words(path: str) -> bytes:
    """Empty where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(64)
    except OSError:
        return b""


def main() -> None:
    while True:
        tell(TOLD, HELD)
        time.sleep(ASK_S)


if __name__ == "__main__":
    main()
