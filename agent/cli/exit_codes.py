"""Which exit code an error has: most say that the command was used wrongly, some say what the box is like.

0 all is well · 1 something needs attention · 2 wrong use or wrong configuration · 3 the daemon does not run
Table   docs/commands.md
"""

from __future__ import annotations

WELL, ATTENTION, WRONG_USE, DEAD = 0, 1, 2, 3
DEAD_CODES = {"D-001", "U-121"}
ATTENTION_CODES = {"G-105", "X-211"}  # a reader that is busy, a centre that does not answer
ATTENTION_KINDS = (  # devices, cells, the database, the line: nothing was typed wrongly
    *("D-", "L-", "P-", "R-", "S-", "U-10", "U-13", "V-1", "V-2"),
)


def exit_code(code: str) -> int:
    """Of an error that ends a command."""
    if code in DEAD_CODES:
        return DEAD
    return ATTENTION if code in ATTENTION_CODES or code.startswith(ATTENTION_KINDS) else WRONG_USE
