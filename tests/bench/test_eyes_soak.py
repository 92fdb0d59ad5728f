"""How fast memory grows, from samples: a leak is found, an allocator's breath is none."""

from __future__ import annotations

import numpy as np
import pytest

from bench.eyes_soak import LIMIT_MB, figures, growth

MINUTES = 20.0
SAMPLES = 120


def samples(an_hour: float, *, breath: float = 0.5, start: float = 60.0) -> list[float]:
    """MB: a start that fills, noise, and a leak."""
    rng = np.random.default_rng(1)
    hours = np.arange(SAMPLES) * MINUTES / 60 / SAMPLES
    made = start - 20 * np.exp(-hours * 60) + rng.normal(0, breath, SAMPLES) + an_hour * hours
    return [float(one) for one in made]


@pytest.mark.parametrize("an_hour", [0.0, 6.0, 100.0, -30.0])
def test_the_growth_lies_within_its_range(an_hour: float) -> None:
    found = growth("eyes", samples(an_hour), MINUTES)
    assert found.least <= an_hour <= found.most
    assert found.most - found.least < 6
    assert found.an_hour == pytest.approx((found.least + found.most) / 2)


def test_what_moves_together_is_no_certainty() -> None:
    """Samples each ten seconds of something that swings over minutes."""
    swing = [float(one) for one in 60 + 5 * np.sin(np.arange(SAMPLES) / SAMPLES * 2 * np.pi * 2.5)]
    found = growth("eyes", swing, MINUTES)
    assert found.least < 0 < found.most


@pytest.mark.parametrize(("leak", "met"), [(0.0, True), (30.0, False), (2 * LIMIT_MB, False)])
def test_a_leak_of_one_process_is_told(leak: float, met: bool) -> None:
    held = {"daemon": samples(0.0), "eyes": samples(leak), "camera-0": samples(0.0), "camera-1": samples(0.0)}
    together, *each = figures(held, MINUTES, 9)
    assert together.met is met
    assert [one.met for one in each] == [None] * 3
    assert "eyes" in each[1].figure


def test_too_few_samples_say_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        growth("eyes", [1.0] * 14, MINUTES)
