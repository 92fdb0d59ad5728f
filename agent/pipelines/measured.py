"""From which score on a detector tells: as it is set, else as its budget and the footage it was judged on allow. Pure.

Curves  models/alarms.toml: for each detector with a scale the false alarms that its vote raised on innocent footage, by
        threshold; made by python -m bench.vision alarms. One that was made with another head than models/ has is none.
Bound   so many false alarms in so many minutes allow a rate of at most so many (upper 95 %). Where no threshold's bound
        is within the budget, the footage is too short to choose by it: the usual one holds, or the lowest above it
        with which the footage had the fewest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from agent.pipelines.rates import most
from agent.pipelines.scores import share
from agent.pipelines.settings import FightSettings, FireSettings, PresenceSettings
from agent.pipelines.watch import Detects, Watch

MODELS = Path(__file__).parent / "models"
FILE = "alarms.toml"
WEEK_H = 168.0
USUAL: Mapping[Detects, float] = {
    Detects.FIGHT: share(FightSettings().short),
    Detects.FIRE: share(FireSettings().fire),
    Detects.PRESENCE: PresenceSettings().least,
}


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector raised falsely on footage."""

    detector: Detects
    head: str  # file of models/
    sha256: str  # of it
    minutes: float
    footage: str
    false: tuple[tuple[float, int], ...]  # threshold, and how many with it; thresholds rise


class By(StrEnum):
    """Why a threshold is as it is."""

    SET = "set"
    BUDGET = "budget"
    USUAL = "usual"


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The threshold of one detector, and what the footage says of it."""

    score: float
    by: By
    events: int = 0
    minutes: float = 0.0  # of footage; 0: none

    @property
    def most_an_hour(self) -> float:
        """False alarms, upper 95 % bound."""
        return most(self.events) * 60 / self.minutes if self.minutes else float("inf")


def curves(folder: Path = MODELS) -> dict[Detects, Curve]:
    """Those that were made with the heads that are there; what cannot be read is left out."""
    try:
        rows = tomllib.loads((folder / FILE).read_text(encoding="utf-8")).get("curve", [])
        models = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8")).get("model", [])
        known = {row["file"]: row["sha256"] for row in models}
        found = msgspec.convert(rows, list[Curve])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {one.detector: one for one in found if known.get(one.head) == one.sha256 and one.minutes > 0 and one.false}


def chosen(detector: Detects, watch: Watch, curve: Curve | None) -> Chosen | None:
    """From where on it tells; None: it has no scale."""
    usual = USUAL.get(detector)
    if usual is None:
        return None
    if (own := watch.thresholds.get(detector)) is not None:
        return _with(own, By.SET, curve)
    if curve is None:
        return Chosen(score=usual, by=By.USUAL)
    allowed = watch.budget / WEEK_H
    for score, events in curve.false:
        if most(events) * 60 / curve.minutes <= allowed:
            return Chosen(score=score, by=By.BUDGET, events=events, minutes=curve.minutes)
    return _with(_quietest(curve, usual), By.USUAL, curve)


def _quietest(curve: Curve, usual: float) -> float:
    """The usual one if none above it was quieter, else the lowest of the quietest."""
    above = [(_events(curve, usual), usual), *((events, score) for score, events in curve.false if score > usual)]
    return min(above)[1]


def _with(score: float, by: By, curve: Curve | None) -> Chosen:
    if curve is None:
        return Chosen(score=score, by=by)
    return Chosen(score=score, by=by, events=_events(curve, score), minutes=curve.minutes)


def _events(curve: Curve, score: float) -> int:
    """With the highest threshold that was tried and is not above it."""
    return next((events for tried, events in reversed(curve.false) if tried <= score), curve.false[0][1])
