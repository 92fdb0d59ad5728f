"""A contact's change and a pressed button become alarm events: severity by state.

What a button's report leads to, and who answers for it: the incidents, not here.
"""

from __future__ import annotations

from agent.events import ContactChanged, ReportPressed, draft
from agent.model import Draft, Moment, Severity
from drivers.readings import ContactChange, ContactState, Pressed

SEVERITY: dict[ContactState, Severity] = {
    ContactState.ACTIVE: Severity.WARN,
    ContactState.CUT: Severity.ERROR,
    ContactState.SHORT: Severity.ERROR,
    ContactState.FLAPPING: Severity.WARN,
    ContactState.IDLE: Severity.INFO,
}


def changed(change: ContactChange, source: str, *, means: str = "", place: str = "", synced: bool) -> Draft:
    """The alarm event of a change. Its source is the single contact, so that one that chatters hides no other.

    means  what the device's own contact means; a cover or a supply means nothing but itself
    """
    data = ContactChanged(
        source=source,
        contact=change.contact,
        state=change.state.value,
        before=change.before.value if change.before else "",
        means="" if change.contact else means,
        place=place,
    )
    at = Moment(change.at_ns, change.monotonic_ns, synced)
    return draft(data, at, severity=SEVERITY[change.state], source=f"{source}/{change.contact or 'contact'}")


def pressed(press: Pressed, source: str, *, means: str = "", place: str = "", synced: bool) -> Draft:
    """The report of a button."""
    at = Moment(press.at_ns, press.monotonic_ns, synced)
    return draft(ReportPressed(source=source, means=means, place=place), at, source=f"{source}/button")
