"""Which schools get a change next, and whether the others get it at all. Pure.

Waves  first a few, then twice as many, then twice as many again; the next wave begins when each school of the one
       before has kept the change. One that has not ends it all: what is wrong with one box is wrong with the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

KEPT, SAME = "kept", "unchanged"
GOOD = frozenset({KEPT, SAME})  # any other outcome stops: undone, refused, failed, silent


def waves(schools: Sequence[str], first: int) -> Iterator[Sequence[str]]:
    """All of them, each once. first: at least 1."""
    at, size = 0, first
    while at < len(schools):
        yield schools[at : at + size]
        at, size = at + size, size * 2


def stopped_by(outcomes: Mapping[str, str]) -> list[str]:
    """The schools for whose sake the others are left as they are."""
    return [school for school, outcome in outcomes.items() if outcome not in GOOD]
