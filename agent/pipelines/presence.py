"""Somebody at a time when nobody may be there: followed by their poses, told when enough looks agree. Pure.

Shape   Look: what the pose network found in one picture, of it only who moves and is in a zone (`movers`). Sighting:
        PRESENCE, at once and then each again_s while they stay.
How     at least `looks` of the last `of` looks within vote_s show the same person, each at least as sure as the
        threshold: the vote is the least sure of the best three.
Moves   something changes within their box: a coat on its hook and a poster are taken for people at each look, and hang
        still.
Not     when it looks: that is the schedule, agent/school/periods.py. Not who it is either.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines.people import Look, Person, follow, middle_of, within
from agent.pipelines.people import Memory as Followed
from agent.pipelines.settings import PresenceSettings
from agent.pipelines.sighting import Box, Kind, Sighting
from agent.pipelines.watch import Point

LEAST = 0.1  # score of a person who is followed at all: what is below the threshold is counted, and tells nothing
Cells = NDArray[np.bool_]


class Seen(msgspec.Struct, frozen=True):
    """Who was in one look: the number of each as they are followed, and how sure the network was."""

    at_s: float
    scores: tuple[tuple[int, float], ...] = ()


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Who is followed, the looks that vote, and when it was last told."""

    followed: Followed = Followed()
    looks: tuple[Seen, ...] = ()  # oldest first
    told_s: float = float("-inf")


def movers(found: Sequence[Person], moving: Cells, zones: Sequence[Sequence[Point]]) -> tuple[Person, ...]:
    """Those of them within whose box something moves, and who are in a zone where there are zones."""
    return tuple(one for one in found if _moves(one.box, moving) and within(zones, middle_of(one.box)))


def observe(look: Look, memory: Memory | None, settings: PresenceSettings) -> tuple[Sighting | None, Memory]:
    """Follow them one picture further, and vote."""
    memory = Memory() if memory is None else memory
    followed = follow(look, memory.followed)
    sure = {one.box: one.score for one in look.people}
    scores = tuple((one.number, sure[one.box]) for one in followed.tracks if one.at_s == look.at_s)
    looks = tuple(one for one in (*memory.looks, Seen(look.at_s, scores)) if look.at_s - one.at_s <= settings.vote_s)
    memory = msgspec.structs.replace(memory, followed=followed, looks=looks[-settings.of :])
    number, score = _best(memory, settings)
    if score < settings.least or look.at_s - memory.told_s < settings.again_s:
        return None, memory
    said = Sighting(
        kind=Kind.PRESENCE,
        score=score,
        at_s=look.at_s,
        since_s=min(one.at_s for one in memory.looks if number in dict(one.scores)),
        box=next(one.box for one in followed.tracks if one.number == number),
        detail=f"vote {score:.3f}, needs {settings.least:.3f}",
    )
    return said, msgspec.structs.replace(memory, told_s=look.at_s)


def level(memory: Memory, settings: PresenceSettings) -> float | None:
    """The highest threshold with which the vote would hold now; None: there were too few looks for one."""
    return _best(memory, settings)[1] if len(memory.looks) >= settings.looks else None


def look_level(memory: Memory) -> float:
    """How sure the network was of somebody in the last look alone."""
    return max((score for _, score in memory.looks[-1].scores), default=0.0)


def suspects(memory: Memory, settings: PresenceSettings) -> bool:
    """Whether one of the looks that vote speaks for somebody who is not told yet: then it wants to look at once."""
    if not memory.looks or memory.looks[-1].at_s - memory.told_s < settings.again_s:
        return False
    return any(score >= settings.least for one in memory.looks for _, score in one.scores)


def _best(memory: Memory, settings: PresenceSettings) -> tuple[int, float]:
    """Whom the vote is surest of, of those who are still followed; 0, 0: nobody."""
    found = []
    for track in memory.followed.tracks:
        scores = sorted((score for one in memory.looks for number, score in one.scores if number == track.number))
        if len(scores) >= settings.looks:
            found.append((scores[-settings.looks], track.number))
    score, number = max(found, default=(0.0, 0))
    return number, score


def _moves(box: Box, moving: Cells) -> bool:
    rows, columns = moving.shape
    left, top = int(max(0.0, box[0]) * columns), int(max(0.0, box[1]) * rows)
    right, bottom = int(min(0.999, box[2]) * columns), int(min(0.999, box[3]) * rows)
    return bool(moving[top : bottom + 1, left : right + 1].any())
