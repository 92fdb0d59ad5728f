"""A block of our own in a file that is another's: found again by its marks, replaced as a whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable

BEGIN = "# >>> mektep firmware: written by `mektep firmware apply`"
END = "# <<< mektep firmware"


def without(text: str) -> str:
    """The file without our block."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return before.rstrip("\n") + "\n" + after.lstrip("\n") if begin and end else text


def with_block(text: str, lines: Iterable[str]) -> str:
    """The file with our block at its end; without lines there is none."""
    kept, ours = without(text).rstrip("\n"), list(lines)
    parts = [kept] if kept else []
    if ours:
        parts.append("\n".join([BEGIN, *ours, END]))
    return "\n\n".join(parts) + "\n"
