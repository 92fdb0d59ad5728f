"""The head for fights: trained on the clips that may train, judged on clips of sources that it has not seen.

Judged  a clip by its mean answer. Ridge is chosen inside each fold, on its own training sources alone (nested folds).
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
from bench.vision.seen import Arrays, Seen
from bench.vision.skill import auc, folds

RIDGES = (10.0, 30.0, 100.0)
TRUST = np.concatenate([np.ones(2 * inference.LATE), np.full(inference.MOVEMENT - 2 * inference.LATE, 0.5)])
FOLDS, INNER, SEEDS = 9, 5, (0, 1, 2)
NOTHING = -6.0  # the score of a clip in which nothing moves


class Clips(msgspec.Struct, frozen=True):
    """Clips with what was seen in them."""

    rows: list[Footage]
    seen: list[Arrays]

    @property
    def truth(self) -> NDArray[np.bool_]:
        return np.array([row.label == "fight" for row in self.rows])

    @property
    def groups(self) -> list[str]:
        return [row.group for row in self.rows]

    def part(self, chosen: NDArray[np.bool_]) -> Clips:
        places = np.flatnonzero(chosen)
        return Clips([self.rows[place] for place in places], [self.seen[place] for place in places])


def clips(rows: Sequence[Footage], seen: Seen) -> Clips:
    """All clips of the task."""
    chosen = [row for row in rows if row.task == "fight"]
    return Clips(chosen, [seen.fight(row) for row in chosen])


def train(given: Clips, ridge: float | None = None) -> Head:
    """A head; without a ridge it is chosen by folds over the given sources."""
    ridge = choose(given) if ridge is None else ridge
    usable = given.part(np.array([len(seen["views"]) > 0 for seen in given.seen]))
    means = np.stack([seen["views"].mean(axis=0) for seen in usable.seen]).astype(np.float64)
    head = logistic.head(means, {"fight": usable.truth}, ridge, TRUST)
    return msgspec.structs.replace(head, trained=tuple(sorted(row.sha256[:16] for row in given.rows)))


def choose(given: Clips) -> float:
    """The ridge with the best AUC over folds by source."""
    fold = folds(given.groups, INNER, seed=11)
    found = {}
    for ridge in RIDGES:
        scores = np.zeros(len(given.rows))
        for number in range(INNER):
            scores[fold == number] = score(train(given.part(fold != number), ridge), given.part(fold == number))
        found[ridge] = auc(scores, given.truth)
    return max(found, key=lambda ridge: found[ridge])


def score(head: Head, given: Clips) -> NDArray[np.float64]:
    """Each clip's mean answer."""
    return np.array([_clip(head, seen) for seen in given.seen])


def _clip(head: Head, seen: Arrays) -> float:
    return head.logits(seen["views"].mean(axis=0))["fight"] if len(seen["views"]) else NOTHING


def nested(given: Clips) -> NDArray[np.float64]:
    """Scores by heads that have not seen a clip's source, (seeds, clips)."""
    rounds = []
    for seed in SEEDS:
        fold, scores = folds(given.groups, FOLDS, seed), np.zeros(len(given.rows))
        for number in range(FOLDS):
            scores[fold == number] = score(train(given.part(fold != number)), given.part(fold == number))
        rounds.append(scores)
    return np.stack(rounds)


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
