"""From an incident as it is kept, or as it is just seen, to what others see of it."""

from __future__ import annotations

from agent.incidents.kinds import Certainty
from agent.incidents.life import State
from agent.incidents.rows import Incident
from agent.incidents.signs import Seen
from agent.incidents.view import SignView, View
from agent.wall_time import rfc3339


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
