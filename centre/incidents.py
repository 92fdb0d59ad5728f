"""What the centre knows of incidents, for people: what is open now, one of them from its first sign on, drills.

Names stand here and nowhere else: a box tells keys, the table person has whose they are.
Raises  StoreDown
"""

from __future__ import annotations

import msgspec

from centre.database import Database, Row
from centre.incident_words import Answered, Closed, Joined, Opened, Shown, Sign, Told, fact_of
from centre.plain import plain
from centre.wire import now_text

SEVERITY = {"fire": 0, "fight": 1, "intrusion": 2, "medical": 3, "bullying": 4, "tamper": 5, "other": 6}
READ = """
select school, id, kind, place, certainty, drill, state, outcome, opened_at, opened_ns, changed_ns, step, why,
  answer_by, told, signs from incident
"""
OPEN = READ + "where state <> 'closed' and ? in ('', school) order by opened_ns"
LISTED = READ + "where ? in ('', school) and ? in ('', kind) and opened_ns >= ? order by opened_ns desc limit ?"
ONE = READ + "where id = ? and ? in ('', school) order by school"
SCHOOLS = "select school from incident where id = ? order by school"
LATEST = """
select what, at, body from incident_step where school = ? and incident = ? and what in ('told', 'answered')
order by case when stream = 0 then 1 else 0 end desc, stream desc, sequence desc limit 100
"""
STEPS = """
select what, at, received_ns, stream, body from incident_step where school = ? and incident = ?
order by case when stream = 0 then 1 else 0 end, stream, sequence, received_ns
"""
EVIDENCE = """
select i.evidence, i.kind, i.camera, coalesce(e.bytes, 0), coalesce(e.whole_ns, 0),
  coalesce((select sum(length(p.body)) from evidence_part p where p.evidence = e.id), 0),
  (select count(*) from evidence_told t where t.school = i.school and t.name = i.evidence
    and t.type = 'kz.mektep.evidence.lost.v1')
from incident_evidence i left join evidence e on e.school = i.school and e.name = i.evidence
where i.school = ? and i.incident = ? order by i.camera, i.kind desc, i.evidence
"""
AHEAD = """
select a.school, a.id, a.received_ns, a.body from ahead a
where ? in ('', a.school) and a.received_ns >= ? and not exists (
  select 1 from ahead_came c where c.school = a.school and c.id = a.id) order by a.received_ns
"""
SAID_HERE = """
select args, account from order_due where school = ? and subject = ? and name = 'incident.answer' and state = 'done'
order by id desc
"""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, as whom."""

    role: str  # duty, deputy, head, city, police; empty: not known
    key: str = ""
    name: str = ""  # empty: the city, the police, or nobody knows the key here


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A file that shows an incident."""

    id: str
    kind: str  # snapshot, blurred, clip
    camera: str
    state: str  # whole, partial, told (nothing came yet), lost
    bytes: int  # of the sealed file; 0: not known yet
    stored: int


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list."""

    school: str
    id: str
    kind: str
    place: str
    certainty: str
    drill: bool
    state: str  # opened, told, acknowledged, confirmed, dismissed, closed
    outcome: str
    opened: str  # by the box's clock
    known_ns: int  # since when the centre knows of it
    changed_ns: int
    step: int
    why: str
    answer_by: str  # deadline of who was told last; empty: none
    told: int
    signs: int
    to: list[Person] = []  # who was told last
    told_at: str = ""
    answered: str = ""  # what was said last: acknowledged, confirmed, dismissed
    by: Person | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an incident's life."""

    what: str  # opened, joined, told, answered, closed, evidence
    at: str
    received_ns: int
    ahead: bool  # a copy; the event itself has not come
    sign: Sign | None = None
    certainty: str = ""
    number: int = 0  # of the chain
    why: str = ""
    to: list[Person] = []
    locally: list[str] = []
    answer_by: str = ""
    answer: str = ""  # or the outcome, of an end
    by: Person | None = None
    channel: str = ""
    account: str = ""
    reason: str = ""
    after_s: float = 0.0


class Notified(msgspec.Struct, frozen=True, kw_only=True):
    """One person who was to know, and what became of it."""

    person: Person
    number: int
    why: str
    by_centre: bool
    made_ns: int
    channel: str
    state: str  # new, sent, failed, late
    sent_ns: int
    error: str


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """All of one incident."""

    incident: Incident
    steps: list[Step]
    evidence: list[Evidence]
    notifications: list[Notified]


class AheadAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm whose box could not write it down yet: it is not in a lane, and the box knows of no incident."""

    school: str
    id: str
    type: str
    at: str
    received_ns: int
    data: dict[str, object]


class _Ahead(msgspec.Struct):
    type: str = ""
    time: str = ""
    data: dict[str, object] = {}


class Incidents:
    """Reads; centre/incident_projection.py writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- lists ----------------------------------------------------------------------------------------------------

    def open_now(self, school: str = "") -> list[Incident]:
        """What somebody must see now: what nobody has answered first, then the most severe."""
        found = [self._with_persons(_incident(row)) for row in self._database.execute(OPEN, (school,))]
        return sorted(found, key=_urgency)

    def listed(self, school: str = "", kind: str = "", since_ns: int = 0, limit: int = 200) -> list[Incident]:
        """Also what is closed; the newest first."""
        rows = self._database.execute(LISTED, (school, kind, since_ns, limit))
        return [self._with_persons(_incident(row)) for row in rows]

    def ahead(self, school: str = "", since_ns: int = 0) -> list[AheadAlarm]:
        """Alarms sent ahead whose event has not come; the oldest first. Of a box that was killed it never comes."""
        return [_ahead(row) for row in self._database.execute(AHEAD, (school, since_ns))]

    # --- one ------------------------------------------------------------------------------------------------------

    def one(self, incident: str, school: str = "") -> Details | None:
        rows = self._database.execute(ONE, (incident, school))
        if not rows:
            return None
        found = self._with_persons(_incident(rows[0]))
        names = self._names(found.school)
        accounts = self._accounts(found.school, incident)
        steps = [_step(row, names) for row in self._database.execute(STEPS, (found.school, incident))]
        steps = [_said_by(step, accounts) for step in steps]
        return Details(
            incident=found,
            steps=steps,
            evidence=self.evidence_of(found.school, incident),
            notifications=self.notifications_of(found.school, incident),
        )

    def schools_with(self, incident: str) -> list[str]:
        """One; several only if a box tells of an incident that is another's."""
        return [school for (school,) in self._database.execute(SCHOOLS, (incident,))]

    def evidence_of(self, school: str, incident: str) -> list[Evidence]:
        return [_evidence(row) for row in self._database.execute(EVIDENCE, (school, incident))]

    def notifications_of(self, school: str, incident: str) -> list[Notified]:
        names = self._names(school)
        sql = (
            "select role, person, number, why, by_centre, made_ns, channel, state, sent_ns, error from notification "
            "where school = ? and incident = ? order by made_ns, number, role, person"
        )
        return [
            Notified(
                person=Person(role=row[0], key=row[1], name=names.get(row[1], "")),
                number=row[2],
                why=row[3],
                by_centre=bool(row[4]),
                made_ns=row[5],
                channel=row[6],
                state=row[7],
                sent_ns=row[8],
                error=row[9],
            )
            for row in self._database.execute(sql, (school, incident))
        ]

    # --- persons --------------------------------------------------------------------------------------------------

    def _names(self, school: str) -> dict[str, str]:
        sql = "select key, name from person where school = ? and kind = 'staff'"
        return {key: plain(name) for key, name in self._database.execute(sql, (school,))}

    def _accounts(self, school: str, incident: str) -> dict[str, str]:
        """Who at the centre gave which answer, the first of each: the box knows a person's key, and no account."""
        found: dict[str, str] = {}
        for args, account in self._database.execute(SAID_HERE, (school, incident)):
            found[str(msgspec.json.decode(args).get("answer", ""))] = account
        return found

    def _with_persons(self, one: Incident) -> Incident:
        """Who was told last, and who has answered last."""
        told: tuple[str, Told] | None = None
        answered: Answered | None = None
        for what, at, body in self._database.execute(LATEST, (one.school, one.id)):
            fact = fact_of(what, body)
            if isinstance(fact, Told):
                told = told or (at, fact)
            elif isinstance(fact, Answered):
                answered = _said_first(answered, fact, told_since=told is not None)
            if told and answered:
                break
        if told is None and answered is None:
            return one
        names = self._names(one.school)
        return msgspec.structs.replace(
            one,
            to=_persons(told[1], names) if told else [],
            told_at=plain(told[0]) if told else "",
            answered=answered.answer if answered else "",
            by=self._answered_by(one, answered, names) if answered else None,
        )

    def _answered_by(self, one: Incident, answered: Answered, names: dict[str, str]) -> Person:
        found = _by(answered, names)
        if answered.channel != "centre" or found.name:
            return found
        account = self._accounts(one.school, one.id).get(answered.answer, "")
        return msgspec.structs.replace(found, name=account)


def _said_first(later: Answered | None, earlier: Answered, *, told_since: bool) -> Answered:
    """Of two who are on their way the first has it; else the last word counts."""
    both = later is not None and later.answer == earlier.answer == "acknowledged"
    return earlier if later is None or (both and not told_since) else later


def _urgency(one: Incident) -> tuple[bool, bool, int, int]:
    waits = one.state in ("opened", "told")
    return one.drill, not waits, SEVERITY.get(one.kind, len(SEVERITY)), one.known_ns


def _incident(row: Row) -> Incident:
    return Incident(
        school=row[0],
        id=row[1],
        kind=row[2],
        place=plain(row[3]),
        certainty=row[4],
        drill=bool(row[5]),
        state=row[6],
        outcome=row[7],
        opened=plain(row[8]),
        known_ns=row[9],
        changed_ns=row[10],
        step=row[11],
        why=plain(row[12]),
        answer_by=plain(row[13]),
        told=row[14],
        signs=row[15],
    )


def _persons(told: Told, names: dict[str, str]) -> list[Person]:
    return [Person(role=plain(one.role), key=plain(one.staff), name=names.get(one.staff, "")) for one in told.to]


def _by(fact: Answered | Closed, names: dict[str, str]) -> Person:
    role = fact.role if isinstance(fact, Answered) else ""
    return Person(role=plain(role), key=plain(fact.by), name=names.get(fact.by, ""))


def _step(row: Row, names: dict[str, str]) -> Step:
    what, at, received_ns, stream, body = row
    found = Step(what=what, at=plain(at), received_ns=received_ns, ahead=stream == 0)
    match fact_of(what, body):
        case Opened() | Joined() as fact:
            sign = Sign(
                source=plain(fact.sign.source),
                what=plain(fact.sign.what),
                certain=fact.sign.certain,
                at=plain(fact.sign.at),
            )
            return msgspec.structs.replace(found, sign=sign, certainty=fact.certainty)
        case Told() as fact:
            return msgspec.structs.replace(
                found,
                certainty=fact.certainty,
                number=fact.step,
                why=plain(fact.why),
                to=_persons(fact, names),
                locally=[plain(one) for one in fact.locally],
                answer_by=plain(fact.answer_by),
            )
        case Answered() | Closed() as fact:
            return msgspec.structs.replace(
                found,
                answer=fact.answer if isinstance(fact, Answered) else fact.outcome,
                by=_by(fact, names),
                channel=plain(fact.channel),
                account=plain(fact.account),
                reason=plain(fact.reason) if isinstance(fact, Answered) else "",
                after_s=fact.after_s if isinstance(fact, Answered) else 0.0,
            )
        case Shown() as fact:
            return msgspec.structs.replace(found, locally=[plain(fact.camera)])


def _said_by(step: Step, accounts: dict[str, str]) -> Step:
    if step.channel != "centre" or step.account:
        return step
    return msgspec.structs.replace(step, account=accounts.get("closed" if step.what == "closed" else step.answer, ""))


def _evidence(row: Row) -> Evidence:
    name, kind, camera, size, whole_ns, stored, lost = row
    state = "whole" if whole_ns else "lost" if lost else "partial" if stored else "told"
    return Evidence(id=plain(name), kind=kind, camera=plain(camera), state=state, bytes=size, stored=int(stored))


def _ahead(row: Row) -> AheadAlarm:
    school, name, received_ns, body = row
    try:
        found = msgspec.json.decode(body, type=_Ahead)
    except (msgspec.MsgspecError, RecursionError):
        found = _Ahead(time=now_text(received_ns))
    return AheadAlarm(
        school=school, id=name, type=plain(found.type), at=plain(found.time), received_ns=received_ns, data=found.data
    )
