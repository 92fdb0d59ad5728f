"""The head for fights: trained on the clips that may train, judged on clips of sources that it has not seen.

Learned one head, of ten frames a second and of five, each begun at several moments between two frames: a camera that
        gives no more than five is watched as well, and no clip hangs on where its first frame fell.
Judged  a clip by its mean answer, by heads that have not seen its source.
        False alarms: the votes over innocent clips played one after the other, with the bound that their length allows.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.pipelines import fight, inference
from agent.pipelines.heads import Head
from agent.pipelines.settings import FightSettings
from bench.vision import logistic
from bench.vision.footage import Footage
from bench.vision.seen import FIGHT_RATE, SLOW_RATE, Arrays, Seen
from bench.vision.skill import folds

RIDGES = (10.0, 30.0, 100.0)
TRUST = np.concatenate([np.ones(2 * inference.LATE), np.full(inference.MOVEMENT - 2 * inference.LATE, 0.5)])
FOLDS, SEEDS = 9, (0, 1, 2)
NOTHING = -6.0  # the score of a clip in which nothing moves
SHOWN = [(rate, phase) for rate in (FIGHT_RATE, SLOW_RATE) for phase in (0.0, 1 / 3, 2 / 3)]  # to learn from
SLOW = SHOWN.index((SLOW_RATE, 0.0))


class Clips(msgspec.Struct, frozen=True):
    """Clips with what was seen in them."""

    rows: list[Footage]
    shown: list[list[Arrays]]  # of each clip, as SHOWN

    @property
    def seen(self) -> list[Arrays]:
        """At the usual rate."""
        return [one[0] for one in self.shown]

    @property
    def slow(self) -> list[Arrays]:
        """At five frames a second."""
        return [one[SLOW] for one in self.shown]

    @property
    def truth(self) -> NDArray[np.bool_]:
        return np.array([row.label == "fight" for row in self.rows])

    @property
    def groups(self) -> list[str]:
        return [row.group for row in self.rows]

    def part(self, chosen: NDArray[np.bool_]) -> Clips:
        places = np.flatnonzero(chosen)
        return Clips([self.rows[place] for place in places], [self.shown[place] for place in places])


def clips(rows: Sequence[Footage], seen: Seen) -> Clips:
    """All clips of the task."""
    chosen = [row for row in rows if row.task == "fight"]
    return Clips(chosen, [[seen.fight(row, *how) for how in SHOWN] for row in chosen])


def train(given: Clips) -> Head:
    """The mean of the heads of all RIDGES: none is chosen. Each clip counts once, however often shown."""
    means, truth, weights = [], [], []
    for answer, shown in zip(given.truth, given.shown, strict=True):
        usable = [one["views"].mean(axis=0) for one in shown if len(one["views"])]
        means += usable
        truth += [answer] * len(usable)
        weights += [1 / len(usable)] * len(usable)
    rows, classes, counts = np.stack(means).astype(np.float64), {"fight": np.array(truth)}, np.array(weights)
    made = [logistic.head(rows, classes, ridge, TRUST, counts) for ridge in RIDGES]
    return msgspec.structs.replace(
        made[0],
        weight=np.mean([one.weight for one in made], axis=0),
        bias=np.mean([one.bias for one in made], axis=0),
        trained=tuple(sorted(row.sha256[:16] for row in given.rows)),
    )


def scores(head: Head, given: Clips) -> NDArray[np.float64]:
    """Each clip's mean answer at ten frames a second, and at five, (2, clips)."""
    return np.array([[_clip(head, one) for one in seen] for seen in (given.seen, given.slow)])


def _clip(head: Head, seen: Arrays) -> float:
    return head.logits(seen["views"].mean(axis=0))["fight"] if len(seen["views"]) else NOTHING


def folded(given: Clips) -> NDArray[np.float64]:
    """Scores by heads that have not seen a clip's source, (rates, seeds, clips): ten frames a second, and five."""
    rounds = []
    for seed in SEEDS:
        fold, found = folds(given.groups, FOLDS, seed), np.zeros((2, len(given.rows)))
        for number in range(FOLDS):
            head, here = train(given.part(fold != number)), given.part(fold == number)
            found[:, fold == number] = scores(head, here)
        rounds.append(found)
    return np.stack(rounds, axis=1)


def alarms(head: Head, seen: Sequence[Arrays], settings: FightSettings) -> tuple[list[float], float]:
    """The vote over clips played one after the other: when it fired, and how long they were, in seconds."""
    fired, memory, start_s = [], None, 0.0
    for one in seen:
        views = dict(zip((round(float(at), 1) for at in one["at_s"]), one["views"], strict=True))
        count = int(one["frames"][0])
        for number in range(0, count, 2):  # five answers a second
            at_s = round(number / 10, 1)
            logit = head.logits(views[at_s])["fight"] if at_s in views else None
            said, memory = fight.observe(fight.Look(logit, start_s + at_s), memory, settings)
            fired += [start_s + at_s] if said else []
        start_s += count / 10
    return fired, start_s
