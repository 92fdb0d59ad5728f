"""The threshold that a budget chooses, from what a detector raised falsely on footage; and what footage cannot tell."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipelines import inference
from agent.pipelines.measured import FILE, MODELS, USUAL, By, Curve, chosen, curves
from agent.pipelines.rates import most
from agent.pipelines.watch import Detects, Watch

HOUR = 60.0
WEEK = 168 * HOUR


def curve(*false: tuple[float, int], minutes: float = 10 * WEEK) -> Curve:
    return Curve(detector=Detects.FIGHT, head="fight.npz", sha256="", minutes=minutes, footage="", false=false)


LONG = curve((0.5, 400), (0.8, 40), (0.95, 4), (0.99, 0))


def watch(budget: float = 1.0, **thresholds: float) -> Watch:
    return Watch(
        sees=[Detects.FIGHT], budget=budget, thresholds={Detects(name): score for name, score in thresholds.items()}
    )


@pytest.mark.parametrize(("budget", "score"), [(100.0, 0.5), (10.0, 0.8), (1.0, 0.95), (0.5, 0.99)])
def test_the_lowest_threshold_is_taken_whose_bound_is_within_the_budget(budget: float, score: float) -> None:
    found = chosen(Detects.FIGHT, watch(budget), LONG)
    assert found is not None
    assert (found.score, found.by) == (score, By.BUDGET)
    assert found.most_an_hour * 168 <= budget


def test_footage_that_is_too_short_leaves_the_usual_one_and_says_how_far_it_reaches() -> None:
    found = chosen(Detects.FIGHT, watch(), curve((0.5, 9), (0.8, 0), minutes=2.8))
    assert found is not None
    assert (found.score, found.by, found.events) == (USUAL[Detects.FIGHT], By.USUAL, 0)
    assert found.most_an_hour == pytest.approx(64.2, abs=0.1)


def test_where_footage_had_false_alarms_with_the_usual_one_the_next_quieter_is_taken() -> None:
    found = chosen(Detects.FIGHT, watch(), curve((0.5, 9), (0.9, 2), (0.95, 2), (0.98, 1), (0.99, 1), minutes=6))
    assert found is not None
    assert (found.score, found.by, found.events) == (0.98, By.USUAL, 1)


def test_what_is_set_goes_before_any_budget() -> None:
    found = chosen(Detects.FIGHT, watch(1.0, fight=0.6), LONG)
    assert found is not None
    assert (found.score, found.by, found.events) == (0.6, By.SET, 400)
    alone = chosen(Detects.FIGHT, watch(1.0, fight=0.6), None)
    assert alone is not None
    assert (alone.score, alone.most_an_hour) == (0.6, float("inf"))


def test_a_detector_without_a_scale_has_no_threshold() -> None:
    assert chosen(Detects.TAMPER, watch(), None) is None
    assert chosen(Detects.PEOPLE, watch(), None) is None


def test_without_a_curve_the_usual_one_holds() -> None:
    found = chosen(Detects.FIRE, watch(), None)
    assert found is not None
    assert (found.score, found.by) == (USUAL[Detects.FIRE], By.USUAL)


FALSE = st.lists(st.integers(0, 50), min_size=1, max_size=20).map(
    lambda steps: tuple((0.5 + 0.02 * place, sum(steps[place:]) - steps[-1]) for place in range(len(steps)))
)


@given(FALSE, st.floats(1, 100 * WEEK), st.floats(0.1, 1000), st.floats(0.1, 1000))
def test_a_larger_budget_never_chooses_a_higher_threshold(
    false: tuple[tuple[float, int], ...], minutes: float, one: float, other: float
) -> None:
    given_, small, large = curve(*false, minutes=minutes), *sorted((one, other))
    strict, lax = chosen(Detects.FIGHT, watch(small), given_), chosen(Detects.FIGHT, watch(large), given_)
    assert strict is not None
    assert lax is not None
    if strict.by is By.BUDGET:
        assert lax.by is By.BUDGET
        assert lax.score <= strict.score
    if lax.by is By.BUDGET:
        assert lax.most_an_hour * 168 <= large + 1e-9
    else:
        assert most(false[-1][1]) * 60 / minutes * 168 > large


# --- the file -------------------------------------------------------------------------------------------------------


def test_the_file_that_is_shipped_is_of_the_heads_that_are_shipped() -> None:
    """After training: python -m bench.vision alarms DATA."""
    found = curves()
    assert set(found) == set(USUAL) - {Detects.PRESENCE}  # which no head of ours judges: its footage is on its page
    for one in found.values():
        assert one.sha256 == inference.manifest()[one.head].sha256
        assert [score for score, _ in one.false] == sorted({score for score, _ in one.false})
        assert all(low[1] >= high[1] for low, high in itertools.pairwise(one.false))


TEXT = (MODELS / FILE).read_text(encoding="utf-8") if (MODELS / FILE).exists() else ""


@pytest.mark.parametrize(
    ("alarms", "manifest"),
    [
        ("", None),
        ("[[curve", None),
        ("curve = 5", None),
        ('[[curve]]\ndetector = "ghosts"', None),
        (TEXT, "[[model]]"),
        (TEXT, "model = 7"),
        (TEXT.replace("minutes = ", "minutes = -"), None),
        (TEXT.replace('sha256 = "', 'sha256 = "0'), None),
    ],
)
def test_a_file_that_is_none_or_of_another_head_says_nothing(tmp_path: Path, alarms: str, manifest: str | None) -> None:
    (tmp_path / FILE).write_text(alarms)
    rows = (MODELS / "manifest.toml").read_text(encoding="utf-8") if manifest is None else manifest
    (tmp_path / "manifest.toml").write_text(rows)
    assert curves(tmp_path) == {}
    assert curves(tmp_path / "nothing") == {}
