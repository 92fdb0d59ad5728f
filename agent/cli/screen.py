"""What commands write on: how wide it is, whether it has colours, and lines that are wrapped to it.

Width    COLUMNS, else the terminal's, else 80: what is piped is read over a slow line or on a phone, too.
Colours  on terminals alone, none with NO_COLOR or on a dumb one (no-color.org).
"""

from __future__ import annotations

import os
import re
import textwrap
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH, LEAST_WIDTH = 80, 40
INDENT = " " * 7  # of what stands beneath a code
BLANKS = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)


def width_of(out: TextIO) -> int:
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return max(LEAST_WIDTH, int(asked))
    if not out.isatty():
        return PLAIN_WIDTH
    try:
        return max(LEAST_WIDTH, os.get_terminal_size(out.fileno()).columns or PLAIN_WIDTH)
    except (OSError, ValueError):
        return PLAIN_WIDTH


def has_colours(out: TextIO) -> bool:
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in ("dumb", "unknown")


def console(out: TextIO) -> Console:
    """For texts and tables. Nothing in a text is markup: a configuration has brackets."""
    from rich.console import Console  # half of what a quick command would import

    to = cast("IO[str]", Trimmed(out))
    return Console(file=to, highlight=False, markup=False, emoji=False, width=width_of(out))


class Trimmed:
    """A stream that gets no blanks at the ends of lines: over a slow line they are half of a table."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)

    def write(self, text: str) -> int:
        return self._out.write(BLANKS.sub(r"\1", text))


def lines(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Wrapped at spaces; a word that is too long, such as a path, stands whole on a line of its own."""
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    ) or [first.rstrip()]


def trouble(out: TextIO, code: str, fact: str, do: str) -> None:
    """A code and its fact; beneath them what to do."""
    write(out, fact, first=f"{code}  ", rest=INDENT)
    write(out, do, first=f"{INDENT}→ ", rest=f"{INDENT}  ")


def write(out: TextIO, text: str, *, first: str = "", rest: str = "") -> None:
    """A text, wrapped; `rest` stands before each line but the first."""
    for line in lines(text, width_of(out), first=first, rest=rest):
        print(line, file=out)
    out.flush()
