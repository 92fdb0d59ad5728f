"""The last report of the eyes as a technician reads it: by the second and by the run; and what the week came to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from agent.ops.status import DetectorView, EyeView, WeekView
from agent.sightings.rows import Sums
from drivers.readings import Looked, Watched, Worked


def eye_views(watched: Watched | None, week: Mapping[str, Sums] = MappingProxyType({})) -> dict[str, EyeView]:
    """By camera; empty before the first report. `week`: what is kept of the last seven days."""
    if watched is None or watched.seconds <= 0:
        return {}
    return {
        camera: _eye(looked, watched.seconds, week.get(camera, Sums())) for camera, looked in watched.cameras.items()
    }


def _eye(looked: Looked, seconds: float, week: Sums) -> EyeView:
    return EyeView(
        pictures_per_s=round(looked.pictures / seconds, 2),
        skipped=looked.skipped,
        late_ms=looked.late_ms,
        detectors={
            name: _detector(worked, seconds, rests=name in looked.resting) for name, worked in looked.detectors.items()
        },
        people=looked.people,
        clock=list(looked.clock or ()),
        week=WeekView(**msgspec.structs.asdict(week)),
    )


def _detector(worked: Worked, seconds: float, *, rests: bool) -> DetectorView:
    return DetectorView(
        runs_per_s=round(worked.runs / seconds, 2),
        ms=round(worked.ms / worked.runs, 2) if worked.runs else 0.0,
        hits=worked.hits,
        votes=worked.votes,
        told=worked.told,
        rests=rests,
    )
