"""The bound of a rate against published tables of the Poisson distribution."""

from __future__ import annotations

import itertools

import pytest

from agent.pipelines.rates import most


@pytest.mark.parametrize(
    ("events", "mean"),
    [
        (0, 2.996),
        (1, 4.744),
        (2, 6.296),
        (5, 10.513),
        (10, 16.962),
        (30, 40.69),
        (31, 41.82),
        (50, 63.29),
        (100, 118.08),
    ],
)
def test_the_upper_limit_is_the_published_one(events: int, mean: float) -> None:
    """Chi-squared of 2 (n + 1) degrees of freedom at 0.95, halved: Garwood 1936, Ulm 1990."""
    assert most(events) == pytest.approx(mean, rel=0.0005)


def test_it_rises_with_the_events_also_where_the_formula_changes() -> None:
    found = [most(events) for events in range(200)]
    assert found == sorted(found)
    assert all(0.9 < after - before < 2 for before, after in itertools.pairwise(found))
    assert 1_000_000 < most(1_000_000) < 1_002_000
