"""Whether a change has made the box worse: what worked before, what works now, and for how long -> keep, wait, undo.

Lost     the link to the centre, a device that worked and that the change does not leave out, a part of the agent that
         fails by itself and did not before. What was in trouble before is no loss.
Passing  a loss counts when it has lasted for PATIENCE_S: the agent has just started, and a link that is lost tries
         again at least once a minute. One that comes and goes may do so no longer than that beyond the trial's end.
Pure     no clock, no disk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

import msgspec

PATIENCE_S = 120.0
LINK, CENTRE, DEVICE, PART = "link", "centre", "device/", "part/"  # things: "link", "device/canteen-1", "part/bells"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """How the box is at one moment."""

    link: bool = False  # there is a connection to the broker
    centre: bool = False  # and the centre answers on it
    working: frozenset[str] = frozenset()  # names of devices
    failing: frozenset[str] = frozenset()  # parts of the agent that failed by themselves


class Word(StrEnum):
    KEEP = "keep"
    WAIT = "wait"
    UNDO = "undo"


class Verdict(msgspec.Struct, frozen=True):
    """`reason` and `lost` are empty unless it is undone."""

    word: Word
    reason: str = ""  # a word of agent/trial_events.py
    lost: tuple[str, ...] = ()


KEEP, WAIT = Verdict(Word.KEEP), Verdict(Word.WAIT)


def lost(before: Seen, now: Seen, configured: Collection[str]) -> tuple[str, ...]:
    """The things that worked and do not now. configured: the devices that there are to be now."""
    link = [LINK] if before.link and not now.link else [CENTRE] if before.centre and not now.centre else []
    devices = sorted((before.working & frozenset(configured)) - now.working)
    parts = sorted(now.failing - before.failing)
    return (*link, *(DEVICE + name for name in devices), *(PART + name for name in parts))


def lost_since(since_s: Mapping[str, float], lost_now: Collection[str], elapsed_s: float) -> dict[str, float]:
    """Since when each lost thing has been so, on the trial's own time."""
    return {thing: since_s.get(thing, elapsed_s) for thing in lost_now}


def verdict(since_s: Mapping[str, float], elapsed_s: float, within_s: float) -> Verdict:
    """What to do now. since_s: of lost_since; elapsed_s: since this start of the agent."""
    patience_s = min(PATIENCE_S, within_s)
    over = tuple(thing for thing, began_s in since_s.items() if elapsed_s - began_s >= patience_s)
    if not over and since_s and elapsed_s >= within_s + patience_s:
        over = tuple(since_s)
    if over:
        return Verdict(Word.UNDO, _reason(over), over)
    return KEEP if not since_s and elapsed_s >= within_s else WAIT


def _reason(things: Collection[str]) -> str:
    if LINK in things or CENTRE in things:
        return "link_gone"
    return "device_lost" if any(thing.startswith(DEVICE) for thing in things) else "part_failed"
