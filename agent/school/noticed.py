"""What the eyes notice becomes an alarm event: a suspicion with its still, for a person to confirm or dismiss."""

from __future__ import annotations

from agent.events import CameraNoticed, draft
from agent.evidence.picture import Ids
from agent.model import Draft, Moment, Severity
from agent.wall_time import rfc3339
from drivers.readings import Noticed

URGENT = {"fire", "smoke"}  # what does not wait until somebody looks


def severity(notice: Noticed) -> Severity:
    return Severity.ERROR if notice.kind in URGENT else Severity.WARN


def suspected(notice: Noticed, evidence: Ids, *, synced: bool) -> Draft:
    """The event, and under which ids its still is kept. Its source is camera and kind: one hides no other."""
    since_ns = notice.at_ns - round(notice.lasted_s * 1e9)
    data = CameraNoticed(
        camera=notice.camera,
        suspected=notice.kind,
        zone=notice.zone,
        score=notice.score,
        since=rfc3339(since_ns),
        box=list(notice.box) if notice.box else [],
        detail=notice.detail,
        evidence=evidence.snapshot,
        blurred=evidence.blurred,
    )
    at = Moment(notice.at_ns, notice.monotonic_ns, synced)
    return draft(data, at, severity=severity(notice), source=f"{notice.camera}/{notice.kind}")
