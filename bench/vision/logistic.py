"""Logistic regression with a ridge, by Newton's method: no random start, the same numbers each time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.pipelines.heads import Head

Matrix = NDArray[np.float64]

STEPS = 25
CLOSE = 1e-4  # of a weight of standardised features: the scores' third digit


def fit(features: Matrix, truth: NDArray[np.bool_], weights: Matrix, ridge: float) -> tuple[Matrix, float]:
    """Weights and bias for standardised features. With more features than rows it works in the rows' space."""
    rows, columns = features.shape
    if columns > rows:
        basis, _ = np.linalg.qr(features.T)  # (columns, rows): the solution lies in the rows' span
        inner, bias = fit(features @ basis, truth, weights, ridge)
        return basis @ inner, bias
    design = np.hstack([features, np.ones((rows, 1))])
    penalty = np.full(columns + 1, ridge)
    penalty[-1] = 1e-9
    solution = np.zeros(columns + 1)
    for _ in range(STEPS):
        share = 1.0 / (1.0 + np.exp(-np.clip(design @ solution, -30, 30)))
        slope = design.T @ (weights * (share - truth)) + penalty * solution
        curve = (design * (weights * share * (1 - share))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        solution -= step
        if float(np.abs(step).max()) < CLOSE:
            break
    return solution[:-1], float(solution[-1])


def balanced(truth: NDArray[np.bool_], parts: NDArray[np.float64] | None = None) -> Matrix:
    """Row weights that give both answers the same say, on top of given ones."""
    weights = np.ones(len(truth)) if parts is None else parts.astype(float).copy()
    for answer in (True, False):
        total = weights[truth == answer].sum()
        if total:
            weights[truth == answer] *= len(truth) / (2 * total)
    return weights


def head(features: Matrix, classes: dict[str, NDArray[np.bool_]], ridge: float, trust: Matrix, weights: Matrix) -> Head:
    """One judge a class, each against all other rows. Features of little trust must do more to weigh as much."""
    mean, scale = features.mean(axis=0), (features.std(axis=0) + 1e-3) / trust
    plain = (features - mean) / scale
    share = weights.sum() / len(weights)  # of a whole row, on average
    found = [fit(plain, truth, share * balanced(truth, weights), ridge) for truth in classes.values()]
    return Head(
        tuple(classes),
        mean.astype(np.float32),
        scale.astype(np.float32),
        np.stack([one for one, _ in found], axis=1).astype(np.float32),
        np.array([bias for _, bias in found], np.float32),
    )
