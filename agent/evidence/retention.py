"""Who gives way when space is short, who is sent first, who is too old. Pure.

Dropped   what belongs to no open incident first; of that the least severe, of those videos before pictures (one of them
          makes room for a hundred), of those the oldest.
Sent      what belongs to an open incident first; of that the most severe, of those the oldest. Videos are a queue of
          their own: agent/sync/drain.py gives them what the line has left.
Bundles   archives for support are the least severe of all: they give way first, go last, and wait for a week at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from agent.evidence.rows import Kept

CLIP, BUNDLE = "clip", "bundle"
BUNDLE_NS = 7 * 86_400 * 1_000_000_000
IsOpen = Callable[[Kept], bool]  # whether a file belongs to an incident that is open


class Turn(Enum):
    """What is sent when."""

    FIRST = 1  # pictures of open incidents
    LATER = 2  # other pictures
    LAST = 3  # videos, then bundles


def order_of_shedding(kept: Iterable[Kept], is_open: IsOpen) -> list[Kept]:
    """First who is dropped first."""
    return sorted(kept, key=lambda one: (is_open(one), one.rank, one.kind != CLIP, one.number))


def order_of_sending(kept: Iterable[Kept], is_open: IsOpen) -> dict[Turn, list[Kept]]:
    """First who is sent first, by their turn."""
    found: dict[Turn, list[Kept]] = {turn: [] for turn in Turn}
    for one in sorted(kept, key=lambda one: (not is_open(one), -one.rank, one.number)):
        turn = Turn.LAST if one.kind in (CLIP, BUNDLE) else Turn.FIRST if is_open(one) else Turn.LATER
        found[turn].append(one)
    return found


def victims(
    kept: Iterable[Kept], excess_bytes: int, is_open: IsOpen, *, newcomer: tuple[int, str] | None = None
) -> list[Kept] | None:
    """Who is dropped so that so many bytes are freed. None: the newcomer, of this rank and kind, gives way itself.

    A newcomer pushes out what is less severe, and what is older and as severe; never what is more severe, and a video
    never a picture as severe as itself.
    """
    dropped: list[Kept] = []
    for one in order_of_shedding(kept, is_open):
        if excess_bytes <= 0:
            break
        if newcomer is not None and _weight(one.rank, one.kind) > _weight(*newcomer):
            continue
        dropped.append(one)
        excess_bytes -= one.bytes
    return dropped if excess_bytes <= 0 or newcomer is None else None


def _weight(rank: int, kind: str) -> tuple[int, bool]:
    return rank, kind != CLIP


def patience_ns(kind: str, keep_ns: int) -> int:
    """How long a file may wait for the centre."""
    return min(keep_ns, BUNDLE_NS) if kind == BUNDLE else keep_ns


def expired(kept: Iterable[Kept], now_ns: int, keep_ns: int, is_open: IsOpen) -> list[Kept]:
    """Those that have waited for too long and belong to no open incident."""
    return [one for one in kept if 0 < one.since_ns < now_ns - patience_ns(one.kind, keep_ns) and not is_open(one)]
