"""What became of a school's configurations, from the events of its box: kept, changed on site, undone and why.

Raises  StoreDown
"""

from __future__ import annotations

import msgspec

from centre.database import Database

APPLIED, UNDONE = "kz.mektep.config.applied.v1", "kz.mektep.config.undone.v1"
EVENTS = """
select e.type, e.body from event e join stream s on s.id = e.stream
where s.school = ? and s.lane = 'record' and e.type in (?, ?) order by e.received_ns, e.stream, e.sequence
"""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a trial, or a change that somebody made on the box."""

    time: str  # by the box's clock
    outcome: str  # applied, undone
    sha256: str
    before: str
    by: str
    order: int = 0
    reason: str = ""  # a word of docs/protocol.md
    lost: list[str] = []

    @property
    def in_force(self) -> str:
        """SHA-256 of what the box has now, as far as this event tells; empty: it does not."""
        if self.outcome == "applied":
            return self.sha256
        return "" if self.reason == "changed_on_site" else self.before


class _Data(msgspec.Struct):
    sha256: str = ""
    before: str = ""
    by: str = ""
    order: int = 0
    reason: str = ""
    lost: list[str] = []


class _Event(msgspec.Struct):
    time: str
    data: _Data


def changes(database: Database, school: str) -> list[Change]:
    """The oldest first, in the order in which they came. What is not by its schema is left out."""
    found = []
    for type_, body in database.execute(EVENTS, (school, APPLIED, UNDONE)):
        try:
            event = msgspec.json.decode(body, type=_Event)
        except msgspec.MsgspecError:
            continue
        outcome = "applied" if type_ == APPLIED else "undone"
        found.append(Change(time=event.time, outcome=outcome, **msgspec.structs.asdict(event.data)))
    return found


def expected(database: Database, school: str) -> str:
    """SHA-256 of the configuration that the box has, as far as it has told; empty: it never told."""
    known = changes(database, school)
    return known[-1].in_force if known else ""


def end_of(database: Database, school: str, number: int) -> Change | None:
    """How the trial of this order ended; None: it goes on, or the box has not told yet."""
    return next((one for one in reversed(changes(database, school)) if one.order == number), None)
