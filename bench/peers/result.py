"""Measurements become figures: ours beside the gateway whose store survives a kill, every peer beside ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench.figure import Figure, median
from bench.peers.course import Losses

OURS = "mektep-agent"


class Measure(NamedTuple):
    """One thing that is measured of each contestant.

    target  of our value over the rival's, as it is told; `met` decides it
    """

    name: str
    unit: str
    target: str = ""
    met: Callable[[float], bool] | None = None


RATE = Measure("accept to stored, all at once", "events/s", "ratio >= 2", lambda ratio: ratio >= 2.0)
CPU = Measure("processor, accept to stored, all at once", "µs/event", "ratio <= 0.333", lambda ratio: ratio <= 1 / 3)
WRITTEN = Measure("bytes written, accept to stored, all at once", "bytes/event")
TAKEN = Measure("accept to stored, ten taps a second, median", "ms")
TAP_CPU = Measure("processor, ten taps a second", "µs/event")
DRAIN = Measure("drain of a backlog", "events/s")
BACK = Measure("network back to all of a backlog stored", "s")
MEMORY = Measure("memory at its highest", "MB")
MEASURES = (RATE, CPU, WRITTEN, TAKEN, TAP_CPU, DRAIN, BACK, MEMORY)


class Row(NamedTuple):
    """What one contestant did in one run."""

    name: str
    values: dict[Measure, float]


class Lost(NamedTuple):
    """What one contestant lost: killed with the network there, while it is away, after a first start without it."""

    name: str
    there: Losses
    away: Losses
    cold: Losses


def figures(rows: Sequence[Row], rival: str) -> list[Figure]:
    """For each measure ours first, beside the rival; then every peer, beside ours."""
    found = []
    for measure in MEASURES:
        by_name: dict[str, list[float]] = {}
        for row in rows:
            if measure in row.values:
                by_name.setdefault(row.name, []).append(row.values[measure])
        ours = by_name.pop(OURS)
        found.append(_figure(measure, OURS, ours, rival, by_name[rival]))
        found += [_figure(measure, name, peer, OURS, ours) for name, peer in by_name.items()]
    return found


def _figure(measure: Measure, name: str, values: list[float], other: str, others: list[float]) -> Figure:
    """The ratio is that of each run's two, since a slow minute of the machine meets both."""
    pairs = [one / another for one, another in zip(values, others, strict=True) if another]
    ratio = median(pairs) if pairs else None
    aimed = name == OURS and measure.met is not None
    return Figure(
        figure=f"{measure.name}: {name}", value=median(values), unit=measure.unit,
        limit_or_peer=f"{other}: {_short(median(others))}", ratio=ratio, target=measure.target if aimed else "",
        met=measure.met(ratio) if aimed and measure.met and ratio is not None else None,
        range=(min(values), max(values)), runs=len(values),
    )  # fmt: skip


def losses(found: Sequence[Lost], kills: int) -> list[Figure]:
    """What was accepted and never arrived; only ours has a target."""
    return [
        *[_lost("lost at kill -9", one.name, one.there, kills) for one in found],
        *[_lost("lost at kill -9 while the network is away", one.name, one.away, kills) for one in found],
        *[_lost("lost at kill -9 after a first start without network", one.name, one.cold, 1) for one in found],
    ]


def _lost(what: str, name: str, losses: Losses, kills: int) -> Figure:
    ours = name == OURS
    return Figure(
        figure=f"{what}: {name}", value=losses.lost, unit="events", limit_or_peer=f"of {losses.accepted} accepted",
        ratio=None, target="0" if ours else "", met=losses.lost == 0 if ours else None, runs=kills,
    )  # fmt: skip


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 1_000 else f"{value:.4g}"
