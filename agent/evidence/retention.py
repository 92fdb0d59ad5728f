"""Who gives way when space is short: the least severe, of those the oldest. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from agent.evidence.rows import Kept


def order_of_shedding(kept: Iterable[Kept]) -> list[Kept]:
    """First who is dropped first."""
    return sorted(kept, key=lambda one: (one.rank, one.number))


def order_of_sending(kept: Iterable[Kept]) -> list[Kept]:
    """First who is sent first: the most severe, of those the oldest."""
    return sorted(kept, key=lambda one: (-one.rank, one.number))


def victims(kept: Iterable[Kept], excess_bytes: int, *, newcomer: int | None = None) -> list[Kept] | None:
    """Who is dropped so that so many bytes are freed. None: the newcomer, of this rank, gives way itself.

    A newcomer pushes out what is less severe, and what is older and as severe; never what is more severe.
    """
    dropped: list[Kept] = []
    for one in order_of_shedding(kept):
        if excess_bytes <= 0:
            return dropped
        if newcomer is not None and one.rank > newcomer:
            return None
        dropped.append(one)
        excess_bytes -= one.bytes
    return dropped if excess_bytes <= 0 or newcomer is None else None
