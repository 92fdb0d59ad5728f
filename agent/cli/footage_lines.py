"""What the footage says of each detector's threshold, for a person to read: `mektep check`, `mektep camera tune`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.pipelines.measured import WEEK_H, By, Chosen, Curve, chosen
from agent.pipelines.watch import Detects, Watch
from agent.texts import Texts


def footage_lines(watches: Mapping[str, Watch], curves: Mapping[Detects, Curve], say: Texts) -> Iterator[str]:
    """One for each detector and threshold; cameras that are alike are told together."""
    alike: dict[tuple[Detects, Chosen, float], list[str]] = {}
    for camera, watch in watches.items():
        for name in watch.sees:
            if (found := chosen(name, watch, curves.get(name))) is not None:
                alike.setdefault((name, found, watch.budget), []).append(camera)
    for (name, found, budget), cameras in alike.items():
        words = {
            "detector": say(f"detector.{name.value}"),
            "cameras": ", ".join(cameras),
            "score": f"{found.score:.4f}",
            "minutes": f"{found.minutes:.1f}",
            "events": f"{found.events}",
            "most": f"{found.most_an_hour:.0f}" if found.most_an_hour >= 10 else f"{found.most_an_hour:.2g}",
            "budget": f"{budget:g}",
        }
        yield say(f"footage.{_kind(found, budget)}", **words)


def _kind(found: Chosen, budget: float) -> str:
    if not found.minutes:
        return "unknown"
    if found.by is By.SET:
        return "set"
    return "bounded" if found.most_an_hour * WEEK_H <= budget else "short"
