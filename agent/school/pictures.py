"""A camera's picture that changed its state becomes an alarm event."""

from __future__ import annotations

from agent.events import CameraPicture, draft
from agent.evidence.picture import Ids
from agent.model import Draft, Moment, Severity
from drivers.readings import PictureChange, PictureState

SEVERITY: dict[PictureState, Severity] = {
    PictureState.CLEAR: Severity.INFO,
    PictureState.FROZEN: Severity.ERROR,
    PictureState.COVERED: Severity.ERROR,
}


def is_worth_keeping(change: PictureChange) -> bool:
    """A camera that is clear from the start has nothing to show but who is there."""
    return change.before is not None or change.state is not PictureState.CLEAR


def changed(change: PictureChange, camera: str, kept: Ids, *, synced: bool) -> Draft:
    """The alarm event of a change; `kept` are the ids under which the picture that shows it is kept."""
    data = CameraPicture(
        camera=camera,
        state=change.state.value,
        before=change.before.value if change.before else "",
        evidence=kept.snapshot,
        blurred=kept.blurred,
    )
    at = Moment(change.at_ns, change.monotonic_ns, synced)
    return draft(data, at, severity=SEVERITY[change.state], source=f"{camera}/picture")
