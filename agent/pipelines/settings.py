"""What may differ from camera to camera, detector by detector. msgspec alone: the configuration reads these."""

from __future__ import annotations

import msgspec

from agent.pipelines.watch import Line, Point


class TamperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a camera counts as tampered with."""

    vote_s: float = 4.0  # somebody who walks past close to the camera is gone by then
    memory_s: float = 60.0  # how fast the place follows the day
    settle_s: float = 5.0  # a new place is learned for so long before anything is said
    covered: float = 0.55  # share of the place's cells that show nothing of it any more
    partly: float = 0.2  # share of them behind something plain: enough if it stays for partly_s
    partly_s: float = 6.0
    turned: float = 0.75  # share of the place's cells that show something else
    sharp: float = 0.12  # share of the finest detail that is left, measured against the coarse


class PeopleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to count, and when it is many."""

    least: float = 0.2  # score of a person who counts
    lines: tuple[Line, ...] = ()
    zones: tuple[tuple[Point, ...], ...] = ()  # who is in none of them is not counted and may lie
    crowd: int = 6  # as many as the network can see at once
    crowd_s: float = 10.0
    lying_s: float = 5.0


class PresenceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When somebody counts as there. Scores of the pose network, 0 to 1."""

    least: float = 0.3  # of a person who counts, in each look that votes
    looks: int = 3  # that show the same person ...
    of: int = 5  # ... of so many, the last ones
    vote_s: float = 10.0  # within so long
    again_s: float = 300.0  # while they stay they are told again after so long: sooner than an incident is over
    zones: tuple[tuple[Point, ...], ...] = ()  # who is in none of them may be there


class FightSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When movement counts as a fight. Logits: 0 is even odds by the head's own scale."""

    short_s: float = 2.0
    short: float = 2.0  # the mean over short_s that is enough
    long_s: float = 8.0
    long: float = 1.0  # the mean over long_s that is enough
    still: float = -3.0  # what a look at nothing that moves counts for
    quiet_s: float = 30.0  # the same fight is not told again before so long without it


class FireSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When flames and smoke are told. Logits: 0 is even odds by the head's own scale."""

    fire: float = -0.6  # the mean over the vote that is enough
    smoke: float = 1.5
    smoke_more: float = 1.0  # and so much more than usual for this view
    flame: float = 0.25  # for a tended flame
    tended_more: float = 0.6  # so much more makes a fire of a flame that was told as tended
    vote_s: float = 2.5
    looks: int = 3  # at least so many in the vote
    usual_s: float = 600.0  # how fast the usual follows
    quiet_s: float = 60.0  # the same is not told again before so long without it
