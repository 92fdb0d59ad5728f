"""Which exit code an error has.

0 all is well · 1 something needs attention · 2 wrong use, wrong configuration, or it could not be done · 3 the daemon
does not run
Table   docs/commands.md
"""

from __future__ import annotations

WELL, ATTENTION, WRONG_USE, DEAD = 0, 1, 2, 3
DEAD_CODES = {"D-001", "U-121"}
TRIES = ("reader", "sensor")  # commands that try a device out: one that does not work is what they were to find
OF_DEVICES = ("P-", "R-", "S-", "U-10", "U-13", "V-1", "V-2", "G-105")  # G-105: a reader that is busy


def exit_code(command: str, code: str) -> int:
    """Of an error that ends a command."""
    if code in DEAD_CODES:
        return DEAD
    return ATTENTION if command in TRIES and code.startswith(OF_DEVICES) else WRONG_USE
