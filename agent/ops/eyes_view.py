"""The last report of the eyes as a technician reads it: by the second and by the run."""

from __future__ import annotations

from agent.ops.status import DetectorView, EyeView
from drivers.readings import Looked, Watched, Worked


def eye_views(watched: Watched | None) -> dict[str, EyeView]:
    """By camera; empty before the first report."""
    if watched is None or watched.seconds <= 0:
        return {}
    return {camera: _eye(looked, watched.seconds) for camera, looked in watched.cameras.items()}


def _eye(looked: Looked, seconds: float) -> EyeView:
    return EyeView(
        pictures_per_s=round(looked.pictures / seconds, 2),
        skipped=looked.skipped,
        late_ms=looked.late_ms,
        detectors={
            name: _detector(worked, seconds, rests=name in looked.resting) for name, worked in looked.detectors.items()
        },
        people=looked.people,
        clock=list(looked.clock or ()),
    )


def _detector(worked: Worked, seconds: float, *, rests: bool) -> DetectorView:
    return DetectorView(
        runs_per_s=round(worked.runs / seconds, 2),
        ms=round(worked.ms / worked.runs, 2) if worked.runs else 0.0,
        hits=worked.hits,
        told=worked.told,
        rests=rests,
    )
