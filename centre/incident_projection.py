"""Stored events -> the tables of incidents, cameras and live views, within the transaction that stores them.

An event that comes twice, ahead, or again in another epoch is one step. One that comes in its order is added to the
incident's row; where one comes late, the row is made anew from all steps, once for a batch: so their order of arrival
does not matter, and a thousand of them hold up nobody. What cannot be read makes nothing.
Raises  StoreDown
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from centre.database import Database
from centre.incident_life import Whole, after, fold
from centre.incident_words import (
    CAMERAS,
    LIVE,
    WHAT,
    Fact,
    Joined,
    LiveView,
    Opened,
    Shown,
    Step,
    Told,
    ahead_id,
    cameras_of,
    fact_of,
    live_of,
    step_of,
)
from centre.judge import Event
from centre.school_time import S_NS

Place = tuple[int, int]  # stream and sequence
AHEAD: Place = (0, 0)
CAME_KEPT_NS = 30 * 86_400 * S_NS  # the desk asks for the copies of a day; a broker may hold one for longer
NEW_INCIDENT = """
insert into incident (school, id, kind, place, certainty, drill, state, outcome, opened_at, opened_ns, changed_ns, step,
  why, answer_by, told, signs) values (?, ?, '', '', '', 0, '', '', '', ?, 0, 0, '', '', 0, 0) on conflict do nothing
"""
WRITE_INCIDENT = """
update incident set kind = ?, place = ?, certainty = ?, drill = ?, state = ?, outcome = ?, opened_at = ?,
  changed_ns = ?, step = ?, why = ?, answer_by = ?, told = ?, signs = ? where school = ? and id = ?
"""
ROW = """
select kind, place, certainty, drill, state, outcome, opened_at, step, why, answer_by, told, signs from incident
where school = ? and id = ?
"""
LATER = """
select 1 from incident_step where school = ? and incident = ?
  and (stream = 0 or stream > ? or (stream = ? and sequence > ?)) limit 1
"""
NEW_STEP = """
insert into incident_step (school, incident, digest, what, at, stream, sequence, received_ns, body)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
STEPS = """
select at, what, body from incident_step where school = ? and incident = ?
order by case when stream = 0 then 1 else 0 end, stream, sequence, received_ns
"""
NEW_NOTIFICATION = """
insert into notification (id, school, incident, number, why, role, person, by_centre, answer_by, at, made_ns)
values (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?) on conflict do nothing
"""
NEW_LIST = """
insert into camera_list (school, stream, sequence, at, clock, received_ns, body) values (?, ?, ?, ?, ?, ?, ?)
on conflict (school) do update set stream = excluded.stream, sequence = excluded.sequence, at = excluded.at,
  clock = excluded.clock, received_ns = excluded.received_ns, body = excluded.body
where camera_list.stream < excluded.stream
  or (camera_list.stream = excluded.stream and camera_list.sequence < excluded.sequence)
"""
NEW_VIEW = """
insert into live_session (school, session, camera, account, host, state, started_at, ended_at, reason, seconds, bytes,
  changed_ns) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (school, session) do update set
  state = case when live_session.state = 'ended' then 'ended' else excluded.state end,
  started_at = case when excluded.started_at = '' then live_session.started_at else excluded.started_at end,
  ended_at = case when excluded.ended_at = '' then live_session.ended_at else excluded.ended_at end,
  reason = case when excluded.state = 'ended' then excluded.reason else live_session.reason end,
  seconds = case when excluded.state = 'ended' then excluded.seconds else live_session.seconds end,
  bytes = case when excluded.state = 'ended' then excluded.bytes else live_session.bytes end,
  changed_ns = excluded.changed_ns
"""
TAKEN = "update report set incident = ?, taken_ns = ? where school = ? and id = ? and incident = ''"


class Projection:
    """Works within the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, school: str, stream: int, events: Iterable[Event], received_ns: int) -> None:
        """Events that were stored in this stream."""
        late: dict[str, None] = {}  # incidents of which something came late, each once
        for event in events:
            if came := ahead_id(event.body):
                self._note_came(school, came, received_ns)
            place = (stream, event.sequence)
            if event.type in WHAT:
                self._take_step(school, event.body, place, received_ns, late)
            elif event.type == CAMERAS:
                self._take_cameras(school, event.body, place, received_ns)
            elif event.type == LIVE:
                self._take_view(school, event.body, received_ns)
        self._make_anew(school, late, received_ns)

    def take_ahead(self, school: str, body: str, received_ns: int) -> None:
        """A copy whose event has not come: it counts until then."""
        late: dict[str, None] = {}
        self._take_step(school, body, AHEAD, received_ns, late)
        self._make_anew(school, late, received_ns)

    def _note_came(self, school: str, came: str, received_ns: int) -> None:
        sql = "insert into ahead_came (school, id, came_ns) values (?, ?, ?) on conflict do nothing"
        self._database.execute(sql, (school, came, received_ns))
        sql = "delete from ahead_came where school = ? and came_ns < ?"
        self._database.execute(sql, (school, received_ns - CAME_KEPT_NS))

    def _take_step(self, school: str, body: str, place: Place, received_ns: int, late: dict[str, None]) -> None:
        step = step_of(body)
        if step is None:
            return
        incident = step.fact.incident
        self._database.execute(NEW_INCIDENT, (school, incident, received_ns))
        (row,) = self._database.execute(ROW + self._database.lock, (school, incident))
        known = Whole(**dict(zip(Whole.__struct_fields__, (*row[:3], bool(row[3]), *row[4:]), strict=True)))
        follows = incident not in late and self._follows(school, known, step, place)
        is_new, is_placed = self._keep(school, step, place, received_ns)
        if is_new:
            self._note_fact(school, step, received_ns)
        if is_new and follows:
            self._write(school, incident, after(known, step.at, step.fact), received_ns)
        elif is_new or is_placed:
            late[incident] = None

    def _follows(self, school: str, known: Whole, step: Step, place: Place) -> bool:
        """Whether it comes after all that is known of its incident."""
        if not known.state or place == AHEAD or step.at < known.opened_at:
            return False
        stream, sequence = place
        return not self._database.execute(LATER, (school, step.fact.incident, stream, stream, sequence))

    def _keep(self, school: str, step: Step, place: Place, received_ns: int) -> tuple[bool, bool]:
        """Whether the step is new; whether it came ahead, and has its place in the lane since now."""
        key = (school, step.fact.incident, step.digest)
        kept = self._database.execute(
            "select stream from incident_step where school = ? and incident = ? and digest = ?", key
        )
        if not kept:
            self._database.execute(NEW_STEP, (*key, step.what, step.at, *place, received_ns, step.body))
            return True, False
        if kept[0][0] != 0 or place == AHEAD:
            return False, False
        sql = "update incident_step set stream = ?, sequence = ? where school = ? and incident = ? and digest = ?"
        self._database.execute(sql, (*place, *key))
        return False, True

    def _make_anew(self, school: str, incidents: Iterable[str], received_ns: int) -> None:
        for incident in incidents:
            steps: list[tuple[str, Fact]] = [
                (at, fact_of(what, body)) for at, what, body in self._database.execute(STEPS, (school, incident))
            ]
            self._write(school, incident, fold(steps), received_ns)

    def _write(self, school: str, incident: str, found: Whole, received_ns: int) -> None:
        values = (found.kind, found.place, found.certainty, int(found.drill), found.state, found.outcome)
        more = (received_ns, found.step, found.why, found.answer_by, found.told, found.signs)
        self._database.execute(WRITE_INCIDENT, (*values, found.opened_at, *more, school, incident))

    def _note_fact(self, school: str, step: Step, received_ns: int) -> None:
        """What else follows from a step that was not known."""
        match step.fact:
            case Told():
                self._note_told(school, step, step.fact, received_ns)
            case Opened():
                for report in {step.fact.incident, step.fact.report}:
                    self._database.execute(TAKEN, (step.fact.incident, received_ns, school, report))
            case Joined() if step.fact.report:
                self._database.execute(TAKEN, (step.fact.incident, received_ns, school, step.fact.report))
            case Shown():
                self._note_evidence(school, step.fact)

    def _note_told(self, school: str, step: Step, told: Told, received_ns: int) -> None:
        for one in told.to:
            said = f"{school}\n{step.digest}\n{one.role}\n{one.staff}"
            name = hashlib.sha256(said.encode()).hexdigest()[:32]
            values = (name, school, told.incident, told.step, told.why, one.role, one.staff, told.answer_by)
            self._database.execute(NEW_NOTIFICATION, (*values, step.at, received_ns))

    def _note_evidence(self, school: str, shown: Shown) -> None:
        sql = (
            "insert into incident_evidence (school, evidence, incident, kind, camera) values (?, ?, ?, ?, ?) "
            "on conflict do nothing"
        )
        for kind in ("snapshot", "blurred", "clip"):
            if name := getattr(shown, kind):
                self._database.execute(sql, (school, name, shown.incident, kind, shown.camera))

    def _take_cameras(self, school: str, body: str, place: Place, received_ns: int) -> None:
        found = cameras_of(body)
        if found is not None:
            at, clock, _ = found
            self._database.execute(NEW_LIST, (school, *place, at, clock, received_ns, body))

    def _take_view(self, school: str, body: str, received_ns: int) -> None:
        found = live_of(body)
        if found is None:
            return
        at, view = found
        self._database.execute(NEW_VIEW, (school, *_view_row(view, at), received_ns))


def _view_row(view: LiveView, at: str) -> tuple[str | int, ...]:
    started, ended = (at, "") if view.state == "started" else ("", at)
    who = (view.session, view.camera, view.by, view.host)
    return (*who, view.state, started, ended, view.reason, view.seconds, view.bytes)
