"""Curves as pictures for the pages: ROC, precision against false alarms an hour, latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from bench.vision.skill import Scores, Truth, auc, roc

mpl.use("Agg")
from matplotlib import pyplot as plt

SIZE = (5.0, 4.0)
DOTS = 90


def roc_picture(path: Path, title: str, series: Mapping[str, tuple[Scores, Truth]]) -> None:
    """One curve a series, by its name and area."""
    figure, axes = plt.subplots(figsize=SIZE)
    for name, (scores, truth) in series.items():
        false, found = roc(scores, truth)
        axes.step(false, found, where="post", label=f"{name}: {auc(scores, truth):.3f}")
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    axes.set(title=title, xlabel="false, share of the innocent", ylabel="found, share of the others")
    axes.legend(loc="lower right")
    _save(figure, path)


def alarms_picture(path: Path, title: str, points: Sequence[tuple[float, float, float]]) -> None:
    """Points of (false alarms an hour, their upper bound, precision or recall), one for each threshold."""
    figure, axes = plt.subplots(figsize=SIZE)
    an_hour, bound, share = (np.array(part) for part in zip(*points, strict=True))
    axes.plot(np.maximum(an_hour, 0.01), share, marker="o", label="seen")
    axes.plot(np.maximum(bound, 0.01), share, marker=".", linestyle=":", label="95 % bound for so little footage")
    axes.set(
        title=title, xlabel="false alarms an hour", ylabel="precision on these clips", xscale="log", ylim=(0, 1.02)
    )
    axes.legend(loc="lower right")
    _save(figure, path)


def latency_picture(path: Path, title: str, series: Mapping[str, tuple[Sequence[float], int]]) -> None:
    """Share found by so many seconds after the onset; each series: seconds of those found, and how many there were."""
    figure, axes = plt.subplots(figsize=SIZE)
    for name, (seconds, of) in series.items():
        ordered = np.sort(np.array([0.0, *seconds]))
        axes.step(ordered, np.arange(len(ordered)) / max(1, of), where="post", label=f"{name} ({len(seconds)} of {of})")
    axes.set(title=title, xlabel="seconds after the onset", ylabel="found, share", ylim=(0, 1.02))
    axes.legend(loc="lower right")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=DOTS, metadata={"Software": ""})
    plt.close(figure)
