"""What figures say of a detector: folds by source, ROC, recall at a rate of false ones, intervals. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.pipelines.rates import most

Scores = NDArray[np.float64]
Truth = NDArray[np.bool_]

Z = 1.96  # two-sided 95 %


def folds(groups: Sequence[str], count: int, seed: int) -> NDArray[np.int64]:
    """Which fold each row is judged in: a group is in one fold only, and the folds are of like size."""
    rng = np.random.default_rng(seed)
    names, sizes = np.unique(np.array(groups), return_counts=True)
    order = np.argsort(-(sizes + rng.random(len(names)) * 2), kind="stable")
    loads, chosen = np.zeros(count), {}
    for index in order:
        fold = int(np.argmin(loads + rng.random(count) * 0.1))
        chosen[str(names[index])] = fold
        loads[fold] += sizes[index]
    return np.array([chosen[group] for group in groups], dtype=np.int64)


def auc(scores: Scores, truth: Truth) -> float:
    """Share of pairs of a hit and a miss that are in the right order."""
    if truth.all() or not truth.any():
        return math.nan
    hits, others = scores[truth], np.sort(scores[~truth])
    below = np.searchsorted(others, hits, "left") + np.searchsorted(others, hits, "right")
    return float(below.mean() / (2 * len(others)))


def roc(scores: Scores, truth: Truth) -> tuple[Scores, Scores]:
    """False and true positive rates for each threshold, from the highest."""
    order = np.argsort(-scores, kind="stable")
    found, false = np.cumsum(truth[order]), np.cumsum(~truth[order])
    ends = np.append(np.diff(scores[order]) != 0, True)
    start = np.zeros(1)
    return (
        np.concatenate([start, false[ends] / max(1, false[-1])]),
        np.concatenate([start, found[ends] / max(1, found[-1])]),
    )


def recall_at(scores: Scores, truth: Truth, false_rate: float) -> float:
    """Share of the hits above a threshold that at most so many of the others reach."""
    others = np.sort(scores[~truth])[::-1]
    allowed = int(false_rate * len(others))
    if not truth.any() or not len(others):
        return math.nan
    return float((scores[truth] > others[allowed]).mean()) if allowed < len(others) else 1.0


def wilson(found: int, of: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if of == 0:
        return 0.0, 1.0
    share, z2 = found / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def at_most_an_hour(events: int, seconds: float) -> float:
    """Upper 95 % bound of a rate, events an hour, for so many seen in so long (Poisson, one-sided)."""
    if seconds <= 0:
        return math.inf
    return most(events) * 3600 / seconds


def auc_interval(
    scores: Scores, truth: Truth, groups: Sequence[str], seed: int = 0, rounds: int = 500
) -> tuple[float, float]:
    """95 % interval by drawing whole groups with repetition."""
    rng = np.random.default_rng(seed)
    names = sorted(set(groups))
    places = {name: np.flatnonzero(np.array(groups) == name) for name in names}
    found = []
    for _ in range(rounds):
        drawn = np.concatenate([places[names[index]] for index in rng.integers(0, len(names), len(names))])
        value = auc(scores[drawn], truth[drawn])
        if not math.isnan(value):
            found.append(value)
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))
