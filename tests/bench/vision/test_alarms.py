"""The table of false alarms that the box chooses its thresholds by: as the box reads it, never better lower down."""

from __future__ import annotations

import tomllib

import msgspec

from agent.pipelines.measured import USUAL, Curve
from agent.pipelines.scores import logit
from agent.pipelines.watch import Detects
from bench.vision.alarms import _curve, _text


def uneven(threshold: float) -> int:
    """As a vote may be: what a lower threshold joins it counts once."""
    return 0 if threshold >= 4 else 3 if threshold >= 2 else 1


def test_a_lower_threshold_is_never_said_to_be_quieter() -> None:
    made = _curve(Detects.FIGHT, "fight.npz", 600.0, "clips", uneven)
    counts = dict(made.false)
    assert made.minutes == 10
    assert {counts[score] for score in counts if logit(score) >= 4.01} == {0}
    assert {counts[score] for score in counts if logit(score) < 3.99} == {3}
    assert USUAL[Detects.FIGHT] in counts


def test_the_file_gives_the_table_back() -> None:
    made = _curve(Detects.FIRE, "fire.npz", 61.0, 'clips "without" fire', uneven)
    (read,) = tomllib.loads(_text(made))["curve"]
    assert msgspec.convert(read, Curve) == made
