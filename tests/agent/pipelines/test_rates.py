"""The bound of a rate against published tables of the Poisson distribution."""

from __future__ import annotations

import pytest

from agent.pipelines.rates import most


@pytest.mark.parametrize(
    ("events", "mean"), [(0, 2.996), (1, 4.744), (2, 6.296), (5, 10.513), (10, 16.962), (50, 63.29)]
)
def test_the_upper_limit_is_the_published_one(events: int, mean: float) -> None:
    """Chi-squared of 2 (n + 1) degrees of freedom at 0.95, halved: Garwood 1936, Ulm 1990."""
    assert most(events) == pytest.approx(mean, abs=0.005)
