"""Text from outside, fit for a log and a terminal: one line, and nothing that moves the cursor."""

from __future__ import annotations


def plain(text: str, instead: str = "") -> str:
    """Without what cannot be shown; `instead` stands for each such sign."""
    return text if text.isprintable() else "".join(char if char.isprintable() else instead for char in text)
