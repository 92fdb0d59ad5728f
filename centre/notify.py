"""Who is to know of an incident: what of the table notification is still to be sent, and what each person reads.

A row is made with the step that names the person (centre/incident_projection.py), or by the centre itself while a box
is silent (centre/silence.py). Every row is on the desk at once; this is for the gateway of short messages.
Not       in a message: words of a report, names of children, pictures
Raises    StoreDown
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from datetime import datetime

import msgspec

from centre.accounts import Accounts
from centre.again import lease, pause_ns
from centre.ahead import meaning
from centre.database import Database, Row
from centre.plain import plain
from centre.school.roster import Addressee
from centre.school_time import S_NS, local, offset_min
from centre.texts import word, words
from centre.wire import now_text

log = logging.getLogger("centre")

LATE_NS = 24 * 3_600 * S_NS  # then a message would only confuse: the desk still shows it
LEASE_NS = 60 * S_NS
HOUR_NS = 3_600 * S_NS
MOST_AN_HOUR = 200  # of one school: ten incidents, each told to the whole chain and reminded; of fires once more
PAUSE_MAX_S = 120
AT_ONCE = 20
# an alarm that came ahead counts as a fire here, whatever it is: nobody reads its body in SQL
DUE = """
select n.id, n.school, n.incident, n.number, n.why, n.role, n.person, n.by_centre, n.answer_by, n.made_ns, n.tries,
  coalesce(i.kind, r.kind, 'other'), coalesce(i.place, r.place, ''), coalesce(i.certainty, 'suspected'),
  coalesce(i.drill, r.drill, 0), coalesce(i.state, ''), coalesce(r.incident, ''), coalesce(p.name, ''),
  coalesce(p.external, ''), coalesce(a.body, ''),
  (select count(*) from ahead_came c where c.school = n.school and c.id = n.incident),
  (select count(*) from notification m where m.school = n.school and m.incident = n.incident and m.role = n.role
    and m.person = n.person and m.by_centre = 0 and m.at > n.at and m.made_ns >= n.made_ns)
from notification n left join incident i on i.school = n.school and i.id = n.incident
left join report r on r.id = n.incident
left join ahead a on a.school = n.school and a.id = n.incident
left join person p on p.school = n.school and p.key = n.person
where n.state = 'new' and n.next_ns <= ?
order by case when coalesce(i.kind, r.kind, case when a.id is null then 'other' else 'fire' end) = 'fire'
  and coalesce(i.drill, r.drill, 0) = 0 then 0 else 1 end, n.next_ns, n.made_ns limit ?
"""
SENT = "select count(*) from notification where school = ? and state = 'sent' and sent_ns > ?"
SENT_OF_FIRES = """
select count(*) from notification n left join incident i on i.school = n.school and i.id = n.incident
left join report r on r.id = n.incident left join ahead a on a.school = n.school and a.id = n.incident
where n.school = ? and n.state = 'sent' and n.sent_ns > ?
  and coalesce(i.kind, r.kind, case when a.id is null then 'other' else 'fire' end) = 'fire'
  and coalesce(i.drill, r.drill, 0) = 0
"""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One person who is to be told now."""

    id: str
    school: str
    incident: str
    number: int
    why: str
    role: str
    person: str
    by_centre: bool
    answer_by: str
    made_ns: int
    tries: int
    kind: str
    place: str
    certainty: str
    drill: bool
    state: str  # of the incident; empty: the box has none
    taken: str  # the box's incident of a report that the centre answers for
    name: str
    external: str
    ahead: str = ""  # the alarm itself, where it came ahead and the box has no incident
    came: int = 0  # 1: its event is here now
    again: int = 0  # so often the same person was told later: of a box's backlog only the last word is sent

    @property
    def is_fire(self) -> bool:
        """A real one."""
        return self.kind == "fire" and not self.drill


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway gets, as JSON: docs/incidents-centre.md."""

    id: str
    made: str
    school: str
    incident: str
    kind: str
    place: str
    certainty: str
    drill: bool
    why: str
    step: int
    by_centre: bool
    role: str
    person: str
    staff: str  # the person's number in the city's own records
    name: str
    language: str
    answer_by: str
    text: str


class Notifications:
    """The table, on a connection of the caller's."""

    def __init__(self, database: Database, language: str = "ru") -> None:
        self._database = database
        self._language = language

    def claim(self, now_ns: int) -> list[tuple[Due, Message]]:
        """What is due, for one sender alone; what is over already is marked so."""
        found: list[tuple[Due, Message]] = []
        rows = [_due(row) for row in self._database.execute(DUE, (now_ns, AT_ONCE))]
        for one in rows:
            if _is_late(one, now_ns):
                self._mark(one, "late", now_ns)
                continue
            if self._is_too_much(one, now_ns):
                self._cap(one, now_ns)
                continue
            with self._database.transaction():
                mine = lease(self._database, "notification", one.id, "new", now_ns, LEASE_NS)
            if mine:
                found.append((one, self.message(one)))
        return found

    def message(self, one: Due) -> Message:
        language = Accounts(self._database).language_of(one.school, one.person) or self._language
        return Message(
            id=one.id,
            made=now_text(one.made_ns),
            school=one.school,
            incident=one.incident,
            kind=one.kind,
            place=plain(one.place),
            certainty=one.certainty,
            drill=one.drill,
            why=plain(one.why),
            step=one.number,
            by_centre=one.by_centre,
            role=plain(one.role),
            person=plain(one.person),
            staff=one.external,
            name=plain(one.name),
            language=language,
            answer_by=plain(one.answer_by),
            text=text_of(one, language, offset_min(self._database, one.school)),
        )

    def note_sent(self, one: Due, now_ns: int) -> None:
        sql = "update notification set state = 'sent', channel = 'webhook', sent_ns = ?, error = '' where id = ?"
        self._write(sql, (now_ns, one.id))

    def note_trouble(self, one: Due, error: str, now_ns: int) -> None:
        """Later again; after a day it is given up."""
        state = "failed" if now_ns - one.made_ns > LATE_NS else "new"
        sql = "update notification set state = ?, error = ?, tries = ?, next_ns = ? where id = ?"
        self._write(sql, (state, error[:300], one.tries + 1, now_ns + pause_ns(one.tries, PAUSE_MAX_S), one.id))

    def _is_too_much(self, one: Due, now_ns: int) -> bool:
        """A box that is broken, or broken into, buries nobody under messages; nor a fire under others."""
        sql = SENT_OF_FIRES if one.is_fire else SENT
        return int(self._database.execute(sql, (one.school, now_ns - HOUR_NS))[0][0]) >= MOST_AN_HOUR

    def _cap(self, one: Due, now_ns: int) -> None:
        """It stands on the desk as not sent; in the log the first of an hour."""
        sql = "select count(*) from notification where school = ? and state = 'capped' and sent_ns > ?"
        if not self._database.execute(sql, (one.school, now_ns - HOUR_NS))[0][0]:
            log.warning("K-176 %s has had %d messages sent in an hour: more are not sent", one.school, MOST_AN_HOUR)
        self._mark(one, "capped", now_ns)

    def _mark(self, one: Due, state: str, now_ns: int) -> None:
        self._write("update notification set state = ?, sent_ns = ? where id = ?", (state, now_ns, one.id))

    def _write(self, sql: str, args: tuple[object, ...]) -> None:
        with self._database.transaction():
            self._database.execute(sql, args)


def text_of(one: Due, language: str, offset: int) -> str:
    """As the person reads it: one line, in their language, the school's own time."""
    parts = words(language)["message"]
    until = parts["until"].format(time=time_of_day(one.answer_by, offset)) if one.answer_by else ""
    return parts["text"].format(
        drill=parts["drill"] if one.drill else "",
        kind=word(language, "kind", one.kind),
        certainty=word(language, "certainty", one.certainty),
        school=one.school,
        place=plain(one.place) or parts["nowhere"],
        why=word(language, "why", plain(one.why)),
        until=until,
        instruction=parts["silent" if one.by_centre else "instruction"],
    )


def time_of_day(text: str, offset: int) -> str:
    """Of an RFC 3339 time, where the school is; as it stands if it is none."""
    try:
        utc_ns = int(datetime.fromisoformat(text).timestamp()) * S_NS
        return f"{local(utc_ns, offset):%H:%M}"
    except (ValueError, OverflowError, OSError):
        return plain(text)


def _is_late(one: Due, now_ns: int) -> bool:
    over = one.state in ("closed", "dismissed") or (one.by_centre and (one.taken or one.came))
    return bool(over) or one.again > 0 or now_ns - one.made_ns > LATE_NS


def _due(row: Row) -> Due:
    values = dict(zip(Due.__struct_fields__, row, strict=True))
    found = Due(**(values | {"by_centre": bool(values["by_centre"]), "drill": bool(values["drill"])}))
    known = meaning(found.ahead) if found.ahead else None
    if known is None:
        return found
    return msgspec.structs.replace(found, kind=known.kind, place=known.place, certainty=known.certainty)


def tell(database: Database, school: str, subject: str, persons: Sequence[Addressee], step: int, why: str) -> None:
    """Rows of the centre's own, within the caller's transaction. subject: a report, or an alarm that came ahead."""
    sql = (
        "insert into notification (id, school, incident, number, why, role, person, by_centre, answer_by, at, made_ns) "
        "values (?, ?, ?, ?, ?, ?, ?, 1, '', '', ?) on conflict do nothing"
    )
    for role, person in persons:
        said = f"{school}\n{subject}\n{step}\n{role}\n{person}"
        name = hashlib.sha256(said.encode()).hexdigest()[:32]
        database.execute(sql, (name, school, subject, step, why, role, person, time.time_ns()))
