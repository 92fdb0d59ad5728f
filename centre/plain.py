"""A box's own words on a person's terminal: one line, nothing that moves a cursor or turns the direction."""

from __future__ import annotations


def plain(text: str) -> str:
    return text if text.isprintable() else "".join(char if char.isprintable() else "�" for char in text)
