"""How fast memory grows, from samples: a leak is found, an allocator's breath is none."""

from __future__ import annotations

import os

import numpy as np
import pytest

from bench.eyes_soak import LIMIT_MB, SCENES, Held, figure, growth

MINUTES = 60.0
SAMPLES = 360
GIVEN_BACK_S = 30.0  # drivers/cell.py: BEATS_TO_GIVE_BACK beats


def samples(an_hour: float, *, breath: float = 0.5, start: float = 60.0) -> list[float]:
    """MB: noise, and a leak."""
    rng = np.random.default_rng(1)
    hours = np.arange(SAMPLES) * MINUTES / 60 / SAMPLES
    made = start + rng.normal(0, breath, SAMPLES) + an_hour * hours
    return [float(one) for one in made]


@pytest.mark.parametrize("an_hour", [0.0, 6.0, 100.0, -30.0])
def test_the_growth_lies_within_its_range(an_hour: float) -> None:
    found = growth("eyes", samples(an_hour), MINUTES)
    assert found.least <= an_hour <= found.most
    assert found.most - found.least < 1
    assert found.an_hour == pytest.approx((found.least + found.most) / 2)


def test_what_moves_together_is_no_certainty() -> None:
    """Samples each ten seconds of something that swings over minutes."""
    swing = [float(one) for one in 60 + 5 * np.sin(np.arange(SAMPLES) / SAMPLES * 2 * np.pi * 2.5)]
    found = growth("eyes", swing, MINUTES)
    assert found.least < 0 < found.most


def test_every_moment_of_the_film_meets_every_moment_of_giving_back_within_minutes() -> None:
    """Memory after both is known by a sample each ten seconds: a slow beat of the two would look like growth."""
    film_s = sum(seconds for _, seconds in SCENES) + 0.4  # to open it again
    met = np.sort((np.arange(5 * 60 / film_s) * film_s) % GIVEN_BACK_S)
    assert np.diff([*met, met[0] + GIVEN_BACK_S]).max() < GIVEN_BACK_S / 3


@pytest.mark.parametrize(("leak", "met"), [(0.0, True), (3.0, False), (2 * LIMIT_MB, False)])
def test_a_leak_of_one_process_is_told(leak: float, met: bool) -> None:
    each = {"daemon": samples(0.0), "eyes": samples(leak), "camera-0": samples(0.0), "camera-1": samples(0.0)}
    found = figure(Held(samples_mb=each, told=9), MINUTES)
    assert found.met is met
    assert found.range is not None
    assert found.range[0] <= leak <= found.range[1]
    assert "eyes +" in found.limit_or_peer or leak == 0
    assert "9 readings" in found.limit_or_peer


def test_a_process_that_was_started_again_says_nothing_of_memory() -> None:
    held = Held()
    for _ in range(SAMPLES // 2):
        held.take({"daemon": os.getpid(), "camera-0": os.getpid()})
    for _ in range(SAMPLES // 2):
        held.take({"daemon": os.getpid(), "camera-0": os.getppid()})
    assert held.restarts == 1
    assert figure(held, MINUTES).met is False


def test_too_few_samples_say_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        growth("eyes", [1.0] * 11, MINUTES)
