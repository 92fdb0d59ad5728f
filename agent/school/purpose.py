"""What a reader is for, as the configuration says it."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """What a reader is for."""

    SEEN = "seen"  # only that a card was shown is recorded
    MEALS = "meals"
    ENTRANCE = "entrance"
    CLUB = "club"


class Way(StrEnum):
    """Which way children pass an entrance reader."""

    IN = "in"
    OUT = "out"
    BOTH = "both"  # each child in turn: in, out
