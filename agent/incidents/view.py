"""An incident as the status, lamps, commands and the quota of pictures see it: frozen, in words."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent.incident_events import Addressee
from agent.incidents.kinds import MANNERS, URGENCY, Certainty, Kind
from agent.incidents.life import State
from agent.incidents.rows import Incident
from agent.incidents.signs import Seen
from agent.model import Severity
from agent.wall_time import rfc3339


class SignView(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    what: str
    certain: bool
    count: int


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One incident now."""

    incident: Annotated[str, Meta(description="UUID")]
    kind: Kind
    place: str
    certainty: Certainty
    state: State
    drill: bool = False
    report: str = ""
    step: int = 0
    opened: str = ""  # RFC 3339
    answer_by: str = ""  # RFC 3339: when the next step follows by itself
    to: tuple[Addressee, ...] = ()  # who was told last
    answered_by: str = ""
    signs: tuple[SignView, ...] = ()
    cameras: tuple[str, ...] = ()  # that saw it
    changes: int = 0

    @property
    def severity(self) -> Severity:
        return MANNERS[self.kind].severity

    @property
    def lights(self) -> bool:
        """Whether lamps and sirens show it now: nobody has said yet that they are on the way."""
        return MANNERS[self.kind].lights and self.state in (State.OPENED, State.TOLD)


def view_of(row: Incident) -> View:
    return View(
        incident=row.id,
        kind=row.kind,
        place=row.place,
        certainty=row.certainty,
        state=row.state,
        drill=row.drill,
        report=row.report,
        step=row.step,
        opened=rfc3339(row.opened.utc_ns),
        answer_by=rfc3339(row.due.utc_ns) if row.due else "",
        to=row.latest_told,
        answered_by=row.answered_by,
        signs=tuple(
            SignView(source=one.source, what=one.what, certain=one.certain, count=one.count) for one in row.signs
        ),
        cameras=row.cameras,
        changes=row.changes,
    )


def before_it_is_kept(seen: Seen, id_: str) -> View:
    """What lamps show of a certain sign that the database has not taken yet."""
    return View(
        incident=seen.incident or id_,
        kind=seen.kind,
        place=seen.place,
        certainty=Certainty.CERTAIN,
        state=State.OPENED,
        drill=seen.drill,
        opened=rfc3339(seen.at.utc_ns),
        signs=(SignView(source=seen.source, what=seen.what, certain=True, count=1),),
    )


def in_order(views: list[View]) -> tuple[View, ...]:
    """Those that wait for a person first, then the most urgent, then the oldest."""
    waits = {State.OPENED: 0, State.TOLD: 0, State.ACKNOWLEDGED: 1, State.CONFIRMED: 2}
    return tuple(sorted(views, key=lambda one: (waits.get(one.state, 3), URGENCY[one.kind], one.opened)))
