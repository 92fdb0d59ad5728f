"""Whether this is the hour to let another version run: the school is empty and nothing happens there, or time is up.

Pure. An incident that needs the box (agent/incidents/view.py) always holds it back: those who answer it must not lose
it for half a minute. One that was dismissed does not.
"""

from __future__ import annotations

from agent.datasets import Calendar
from agent.model import Moment
from agent.school.calendar import local
from agent.school.periods import NIGHT, periods_of
from agent.updates.staged import Staged

INCIDENT, NOT_YET, SCHOOL, CLOCK, NOW = "an_incident", "not_before", "school_hours", "clock", ""


def waits_for(staged: Staged, now: Moment, calendar: Calendar | None, *, needed: bool) -> str:
    """Why it waits; empty: it may run now."""
    if needed:
        return INCIDENT
    if not now.synced:
        return CLOCK
    if now.utc_ns < staged.not_before_ns:
        return NOT_YET
    if staged.deadline_ns and now.utc_ns >= staged.deadline_ns:
        return NOW
    return NOW if periods_of(local(now.utc_ns, calendar), calendar) == {NIGHT} else SCHOOL
