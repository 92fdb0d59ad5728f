"""Drills: for each school the last one, how long each step took, and whether anybody answered.

Raises  StoreDown
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from centre.database import Database
from centre.incidents import Details, Incidents

LAST = "select id from incident where school = ? and drill = 1 and opened_ns >= ? order by opened_ns desc limit 1"


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a drill, and when it came."""

    what: str  # told, answered, closed; of an answer the word itself
    after_s: float | None  # since it was opened; None: the box's times cannot be read
    who: str


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """The last drill of a school."""

    school: str
    incident: str  # empty: there was none in this time
    kind: str
    opened: str
    verdict: str  # answered, waiting, not answered (closed, or gone over to the last of the chain), none
    answered_s: float | None
    steps: list[Pace]


def drills(database: Database, schools: list[str], since_ns: int) -> list[Drill]:
    return [_drill(database, school, since_ns) for school in schools]


def _drill(database: Database, school: str, since_ns: int) -> Drill:
    rows = database.execute(LAST, (school, since_ns))
    found = Incidents(database).one(rows[0][0], school) if rows else None
    if found is None:
        return Drill(school=school, incident="", kind="", opened="", verdict="none", answered_s=None, steps=[])
    steps = [_pace(found, at) for at, step in enumerate(found.steps) if step.what in ("told", "answered", "closed")]
    answered = next((one for one in found.steps if one.what == "answered"), None)
    return Drill(
        school=school,
        incident=found.incident.id,
        kind=found.incident.kind,
        opened=found.incident.opened,
        verdict=_verdict(found, answered is not None),
        answered_s=answered.after_s if answered else None,
        steps=steps,
    )


def _verdict(found: Details, answered: bool) -> str:
    if answered:
        return "answered"
    escalated = any(one.what == "told" and one.why in ("unanswered", "undecided") for one in found.steps)
    return "not answered" if found.incident.state == "closed" or escalated else "waiting"


def _pace(found: Details, at: int) -> Pace:
    step = found.steps[at]
    persons = step.to if step.what == "told" else [step.by] if step.by else []
    who = ", ".join(one.name or one.role or one.key or "?" for one in persons)
    return Pace(
        what=step.answer if step.what == "answered" else step.what,
        after_s=_seconds(found.incident.opened, step.at),
        who=who,
    )


def _seconds(since: str, at: str) -> float | None:
    try:
        return round((datetime.fromisoformat(at) - datetime.fromisoformat(since)).total_seconds(), 3)
    except (ValueError, TypeError):
        return None
