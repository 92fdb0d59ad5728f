"""A threshold for one detector of one camera, from what it scored in the last days. Pure.

False   what it would have told, without what people confirmed: whatever nobody has confirmed counts as false.
Raised  to the lowest threshold with which those days would have kept the budget.
Lowered only where even the upper 95 % bound of the rate keeps it: a quiet day proves nothing.
Never   above the score of an incident that somebody confirmed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from agent.pipelines.measured import WEEK_H, By, Chosen
from agent.pipelines.rates import most
from agent.pipelines.scores import BINS, EDGES, alarms, bin_of, hits
from agent.sightings.rows import SightingRow
from agent.sightings.verdicts import Verdict
from drivers.readings import Scores

LEAST_H = 24.0  # a proposal wants a day's hours of pictures
NEAR = 1e-9


class Why(StrEnum):
    """What a proposal rests on."""

    STAYS = "stays"  # the budget is kept as it is
    RAISED = "raised"
    LOWERED = "lowered"
    CONFIRMED = "confirmed"  # a higher one would have missed what somebody confirmed
    NONE = "none"  # no threshold keeps the budget
    SHORT = "short"  # too few hours
    NO_SCALE = "no_scale"  # the detector counts or compares


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector of a camera came to."""

    camera_h: float = 0.0  # that the camera gave pictures
    hours: float = 0.0  # of them the detector watched, and would have told
    hits: int = 0
    votes: int = 0
    scores: Scores = Scores()
    sightings: Sequence[SightingRow] = ()


class Expected(msgspec.Struct, frozen=True):
    """False alarms a week."""

    week: float
    most: float  # upper 95 % bound


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    camera: str
    detector: str
    budget: float  # false alarms a week
    hours: float
    camera_h: float
    hits: int
    votes: int
    told: int
    dismissed: int
    confirmed: int
    why: Why
    present: float | None = None  # threshold
    by: By | None = None
    events: int = 0  # with it, in those days
    now: Expected | None = None
    proposed: float | None = None
    then: Expected | None = None
    kept: float | None = None  # the lowest score that somebody confirmed
    false: list[int] = []  # for each of agent/pipelines/scores.py EDGES, in those days
    looks: list[int] = []  # that reached it

    @property
    def weeks(self) -> float:
        return self.camera_h / WEEK_H

    @property
    def allowed(self) -> int:
        """How many alarms in those days are within the budget: the nearest whole number."""
        return math.floor(self.budget * self.weeks + 0.5 + NEAR)

    @property
    def is_change(self) -> bool:
        return self.proposed is not None and self.proposed != self.present

    @property
    def keeps_budget(self) -> bool:
        """As it is now."""
        return self.events <= self.allowed


def propose(camera: str, detector: str, budget: float, chosen: Chosen | None, seen: Watched) -> Proposal:
    """`chosen`: the threshold of now; None for a detector without a scale."""
    verdicts = [one.verdict for one in seen.sightings]
    confirmed = sorted(one.score for one in seen.sightings if one.verdict == Verdict.CONFIRMED)
    made = Proposal(
        camera=camera, detector=detector, budget=budget, hours=round(seen.hours, 1), camera_h=seen.camera_h,
        hits=seen.hits, votes=seen.votes, told=len(verdicts), dismissed=verdicts.count(Verdict.DISMISSED),
        confirmed=len(confirmed), why=Why.NO_SCALE,
    )  # fmt: skip
    if chosen is None:
        events = len(verdicts) - len(confirmed)
        return msgspec.structs.replace(made, events=events, now=expected(events, made.weeks))
    false = without(alarms(seen.scores), confirmed)
    events = false[bin_of(chosen.score)]
    made = msgspec.structs.replace(
        made, present=chosen.score, by=chosen.by, events=events, now=expected(events, made.weeks), why=Why.SHORT,
        kept=confirmed[0] if confirmed else None, false=false, looks=hits(seen.scores),
    )  # fmt: skip
    if seen.camera_h < LEAST_H:
        return made
    threshold, why = _capped(made, *_wanted(made, chosen.score))
    then = expected(false[bin_of(threshold)], made.weeks) if threshold is not None else None
    return msgspec.structs.replace(made, proposed=threshold, then=then, why=why)


def expected(events: int, weeks: float) -> Expected | None:
    """So many in so long, a week; None if there was no time."""
    return Expected(round(events / weeks, 2), round(most(events) / weeks, 2)) if weeks > 0 else None


def without(told: Sequence[int], confirmed: Sequence[float]) -> list[int]:
    """What is left of the alarms of each threshold, and never more for a higher one."""
    left = [max(0, count - sum(score >= EDGES[place] for score in confirmed)) for place, count in enumerate(told)]
    for place in reversed(range(BINS - 1)):
        left[place] = max(left[place], left[place + 1])
    return left


def _wanted(made: Proposal, present: float) -> tuple[float | None, Why]:
    """The threshold that the budget asks for."""
    here = bin_of(present)
    lower = next((at for at in range(here) if most(made.false[at]) <= made.budget * made.weeks), None)
    if lower is not None and EDGES[lower] < present:
        return EDGES[lower], Why.LOWERED
    if made.keeps_budget:
        return present, Why.STAYS
    higher = next((at for at in range(here + 1, BINS) if made.false[at] <= made.allowed), None)
    return (None, Why.NONE) if higher is None else (EDGES[higher], Why.RAISED)


def _capped(made: Proposal, wanted: float | None, why: Why) -> tuple[float | None, Why]:
    """As high as what was confirmed allows."""
    if made.kept is None or (wanted is not None and wanted <= made.kept):
        return wanted, why
    reach = [score for score in (*EDGES, made.present) if score is not None and score <= made.kept]
    return max(reach, default=None), Why.CONFIRMED


def lines(made: Sequence[Proposal], thresholds: dict[str, dict[str, float]]) -> list[str]:
    """What to write: for each camera whose thresholds change the whole table; `thresholds` are those that are set."""
    found: list[str] = []
    for camera in dict.fromkeys(one.camera for one in made if one.is_change):
        new = thresholds.get(camera, {}) | {
            one.detector: one.proposed for one in made if one.camera == camera and one.is_change and one.proposed
        }
        found += [f'# [[camera]] name = "{camera}"', "[camera.thresholds]"]
        found += [f"{detector} = {score:.4f}" for detector, score in sorted(new.items())]
    return found
