"""What `mektep camera tune` tells: for each watched camera and detector what the last days came to, and a proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from agent.pipelines.measured import Curve, chosen
from agent.pipelines.scores import plus
from agent.pipelines.watch import Detects, Watch
from agent.school.calendar import local
from agent.school.periods import fits
from agent.sightings.rows import HOUR_NS, ScoreRow
from agent.sightings.view import Days
from agent.tuning.proposal import Proposal, Watched, lines, propose
from drivers.readings import Scores


class Tuned(msgspec.Struct, frozen=True, kw_only=True):
    """`--json`."""

    school: str
    days: float  # that were asked for
    first: str  # hour of the first row, RFC 3339; empty if there is none
    last: str
    proposals: list[Proposal]
    lines: list[str]  # to write into the configuration


def proposals(
    watches: Mapping[str, Watch], days: Days, curves: Mapping[Detects, Curve], budget: float | None = None
) -> list[Proposal]:
    """By camera and detector as they are configured; `budget`: to aim at in place of the cameras' own."""
    return [
        propose(
            camera, name.value, budget or watch.budget, chosen(name, watch, curves.get(name)),
            watched(camera, name, watch, days),
        )
        for camera, watch in watches.items()
        for name in watch.sees
    ]  # fmt: skip


def written(made: Sequence[Proposal], watches: Mapping[str, Watch]) -> list[str]:
    """What to put into the configuration, whole tables."""
    own = {camera: {name.value: score for name, score in watch.thresholds.items()} for camera, watch in watches.items()}
    return lines(made, own)


def watched(camera: str, detector: Detects, watch: Watch, days: Days) -> Watched:
    """Without the hours in which it would not tell by the schedule of now."""
    words = watch.schedule.get(detector, [])
    alive = [row for row in days.scores if row.camera == camera and not row.detector]
    mine = [row for row in days.scores if row.camera == camera and row.detector == detector.value and _fits(row, words)]
    scores = Scores()
    for row in mine:
        scores = plus(scores, row.scores)
    return Watched(
        camera_h=sum(row.seconds for row in alive) / 3600,
        hours=sum(row.seconds for row in mine) / 3600,
        hits=sum(row.hits for row in mine),
        votes=sum(row.votes for row in mine),
        scores=scores,
        sightings=[one for one in days.sightings if one.camera == camera and one.detector == detector.value],
    )


def _fits(row: ScoreRow, words: Sequence[str]) -> bool:
    """By the middle of its hour."""
    return fits(words, row.period.split("+"), local(row.hour * HOUR_NS + HOUR_NS // 2, None).minute)
