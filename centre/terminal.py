"""Where the commands write for people: what a box or a person wrote is never a style, a link or a picture there.

Not in a terminal, lines are as long as they must be: nothing is cut off.
"""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

FILE_WIDTH = 500


def console(out: TextIO | None = None) -> Console:
    found = Console(file=out, markup=False, emoji=False, highlight=False)
    return (
        found if found.is_terminal else Console(file=out, markup=False, emoji=False, highlight=False, width=FILE_WIDTH)
    )
