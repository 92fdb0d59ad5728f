"""The figures: against counts by hand, and published ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.vision import logistic, skill

SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
TRUTH = np.array([True, True, False, True, False, False])


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    assert skill.auc(SCORES, TRUTH) == pytest.approx(8 / 9)
    assert skill.auc(np.zeros(6), TRUTH) == 0.5
    assert math.isnan(skill.auc(SCORES, np.ones(6, bool)))


def test_the_curve_encloses_the_area() -> None:
    false, found = skill.roc(SCORES, TRUTH)
    assert np.trapezoid(found, false) == pytest.approx(8 / 9)
    assert (false[-1], found[-1]) == (1.0, 1.0)


@pytest.mark.parametrize(("rate", "recall"), [(0.0, 2 / 3), (0.34, 1.0)])
def test_recall_at_a_rate_of_false_ones(rate: float, recall: float) -> None:
    assert skill.recall_at(SCORES, TRUTH, rate) == pytest.approx(recall)


@pytest.mark.parametrize(
    ("found", "of", "interval"),
    [(0, 0, (0.0, 1.0)), (0, 10, (0.0, 0.2775)), (5, 10, (0.2366, 0.7634)), (10, 10, (0.7225, 1.0))],
)
def test_wilsons_interval(found: int, of: int, interval: tuple[float, float]) -> None:
    assert skill.wilson(found, of) == pytest.approx(interval, abs=1e-4)


@pytest.mark.parametrize(("events", "bound"), [(0, 2.996), (1, 4.744), (3, 7.754), (10, 16.962)])
def test_the_bound_of_a_rate_is_poissons(events: int, bound: float) -> None:
    assert skill.at_most_an_hour(events, 3600.0) == pytest.approx(bound, abs=1e-2)


def test_no_footage_bounds_nothing() -> None:
    assert skill.at_most_an_hour(0, 0.0) == math.inf


@given(st.lists(st.sampled_from("abcdefghij"), min_size=20, max_size=80), st.integers(2, 5), st.integers(0, 9))
def test_a_source_is_in_one_fold(groups: list[str], count: int, seed: int) -> None:
    fold = skill.folds(groups, count, seed)
    for group in set(groups):
        assert len({int(one) for one, name in zip(fold, groups, strict=True) if name == group}) == 1
    assert (fold == skill.folds(groups, count, seed)).all()


@pytest.mark.parametrize("columns", [5, 300])
def test_the_regression_is_where_its_slope_is_nought(columns: int) -> None:
    rng = np.random.default_rng(4)
    rows, truth = rng.normal(size=(60, columns)), rng.random(60) < 0.4
    weights, ridge = logistic.balanced(truth), 3.0
    solved, bias = logistic.fit(rows, truth, weights, ridge)
    off = weights * (1 / (1 + np.exp(-(rows @ solved + bias))) - truth)
    assert np.abs(rows.T @ off + ridge * solved).max() < 1e-2
    assert abs(off.sum()) < 1e-2


def test_both_answers_have_the_same_say() -> None:
    truth = np.array([True] * 3 + [False] * 9)
    weights = logistic.balanced(truth, np.arange(1.0, 13.0))
    assert weights[truth].sum() == pytest.approx(weights[~truth].sum())


def test_recall_where_there_is_nothing_to_judge_by() -> None:
    assert math.isnan(skill.recall_at(SCORES, np.ones(6, bool), 0.05))
    assert math.isnan(skill.recall_at(SCORES, np.zeros(6, bool), 0.05))
    assert skill.recall_at(SCORES, TRUTH, 1.0) == 1.0
