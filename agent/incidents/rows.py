"""The tables `incident` and `incident_sign`: read, added to, changed; nothing is decided here.

Kept     closed incidents, the latest CLOSED_KEPT of them; what became of each is in its events
Damaged  what cannot be read of a row, because the disk or another version wrote it, is taken as if nobody had been told
         yet: so somebody is, and the other incidents are read as ever
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from agent.incident_events import Addressee
from agent.incidents.kinds import Certainty, Kind
from agent.incidents.life import State
from agent.outbox.group import Transaction
from agent.school.since import Stamp

log = logging.getLogger("agent.incidents")

CLOSED_KEPT = 1_000
SELECT = """
select number, id, kind, place, drill, report, certainty, state, step, reminded, told, reached, latest_told,
       answered_by, opened, since, latest_sign, due, changes
from incident """
LIVE = SELECT + "where state <> 'closed' order by number"
ONE = SELECT + "where id = ?"
CLOSED = SELECT + "where state = 'closed' order by number desc limit ?"
SIGNS = "select source, what, family, certain, camera, count, first from incident_sign where incident = ?"
INSERT = """
insert into incident (id, kind, place, drill, report, certainty, state, step, reminded, told, reached, latest_told,
                      answered_by, opened, since, latest_sign, due, changes)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
UPDATE = """
update incident set kind = ?, certainty = ?, state = ?, step = ?, reminded = ?, told = ?, reached = ?, latest_told = ?,
                    answered_by = ?, since = ?, latest_sign = ?, due = ?, changes = ? where id = ?
"""
COUNT = "update incident_sign set count = count + 1 where incident = ? and source = ? and what = ?"
ADD_SIGN = """
insert into incident_sign (incident, source, what, family, certain, camera, count, first)
values (?, ?, ?, ?, ?, ?, ?, ?)
"""
FORGET = """
delete from incident where state = 'closed' and number <= (
  select number from incident where state = 'closed' order by number desc limit 1 offset ?)
"""


class SignRow(msgspec.Struct, frozen=True, kw_only=True):
    """One source and what it told."""

    source: str
    what: str
    family: str
    certain: bool
    camera: str = ""
    count: int = 1
    first: Stamp


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as it stands."""

    id: str
    kind: Kind
    place: str
    drill: bool = False
    report: str = ""
    certainty: Certainty
    state: State = State.OPENED
    step: int = 0
    reminded: int = 0
    told: int = 0
    reached: tuple[Addressee, ...] = ()  # all who were told
    latest_told: tuple[Addressee, ...] = ()
    answered_by: str = ""
    opened: Stamp
    since: Stamp
    latest_sign: Stamp
    due: Stamp | None = None
    changes: int = 0
    signs: tuple[SignRow, ...] = ()

    @property
    def cameras(self) -> tuple[str, ...]:
        """Those that saw it."""
        return tuple(dict.fromkeys(one.camera for one in self.signs if one.camera))


Told = tuple[Addressee, ...]
LONG_AGO = Stamp(0, trusted=False, boot="", monotonic_ns=0)  # nobody knows when: every deadline has passed
WORDS: dict[str, tuple[type[StrEnum], StrEnum]] = {  # column -> its type, and what stands for a word that is none
    "kind": (Kind, Kind.OTHER),
    "certainty": (Certainty, Certainty.CERTAIN),
    "state": (State, State.TOLD),
}
SAID: dict[str, tuple[Any, Any]] = {
    "reached": (Told, ()),
    "latest_told": (Told, ()),
    "opened": (Stamp, LONG_AGO),
    "since": (Stamp, LONG_AGO),
    "latest_sign": (Stamp, LONG_AGO),
    "due": (Stamp, LONG_AGO),
}


def live(transaction: Transaction) -> list[Incident]:
    """All that are not closed, the oldest first."""
    return _found(transaction, LIVE)


def one(transaction: Transaction, incident: str) -> Incident | None:
    """By its id."""
    found = _found(transaction, ONE, incident)
    return found[0] if found else None


def closed(transaction: Transaction, limit: int) -> list[Incident]:
    """Those that are over, the newest first."""
    return _found(transaction, CLOSED, limit)


def add(transaction: Transaction, incident: Incident, sign: SignRow) -> Incident:
    """With its first sign."""
    number = transaction.execute(INSERT, _inserted(incident)).lastrowid
    transaction.execute(ADD_SIGN, (number, *_sign(sign)))
    return msgspec.structs.replace(incident, signs=(sign,))


def change(transaction: Transaction, incident: Incident) -> Incident:
    """As it stands now; its signs apart."""
    incident = msgspec.structs.replace(incident, changes=incident.changes + 1)
    transaction.execute(UPDATE, _updated(incident))
    if incident.state is State.CLOSED:
        transaction.execute(FORGET, (CLOSED_KEPT,))
    return incident


def add_sign(transaction: Transaction, incident: Incident, sign: SignRow) -> tuple[Incident, bool]:
    """Count it, or add it. Returns whether it is another than those there were."""
    (number,) = transaction.execute("select number from incident where id = ?", (incident.id,)).fetchone()
    fresh = transaction.execute(COUNT, (number, sign.source, sign.what)).rowcount == 0
    if fresh:
        transaction.execute(ADD_SIGN, (number, *_sign(sign)))
    return msgspec.structs.replace(incident, signs=_signs(transaction, number)), fresh


def _found(transaction: Transaction, sql: str, *args: object) -> list[Incident]:
    return [_incident(transaction, *row) for row in transaction.execute(sql, args).fetchall()]


def _incident(transaction: Transaction, number: int, *row: Any) -> Incident:
    names = (
        *("id", "kind", "place", "drill", "report", "certainty", "state", "step", "reminded", "told", "reached"),
        *("latest_told", "answered_by", "opened", "since", "latest_sign", "due", "changes"),
    )
    given = dict(zip(names, row, strict=True))
    words = {name: _word(given[name], type_, else_) for name, (type_, else_) in WORDS.items()}
    said = {name: _said(given[name], type_, else_) for name, (type_, else_) in SAID.items()}
    more = {"drill": bool(given["drill"]), "signs": _signs(transaction, number)}
    return Incident(**(given | words | said | more))


def _word(word: str, type_: type[StrEnum], else_: StrEnum) -> StrEnum:
    try:
        return type_(word)
    except ValueError:
        log.error("%r of an incident is no %s", word, type_.__name__)
        return else_


def _said(text: str | None, type_: Any, else_: Any) -> Any:
    """From JSON."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=type_)
    except (msgspec.MsgspecError, UnicodeError) as error:
        log.error("what is kept of an incident cannot be read: %s", error)
        return else_


def _signs(transaction: Transaction, number: int) -> tuple[SignRow, ...]:
    found = transaction.execute(SIGNS, (number,)).fetchall()
    return tuple(
        SignRow(
            source=source,
            what=what,
            family=family,
            certain=bool(certain),
            camera=camera,
            count=count,
            first=_said(first, Stamp, LONG_AGO),
        )
        for source, what, family, certain, camera, count, first in found
    )


def _sign(sign: SignRow) -> Sequence[object]:
    return (sign.source, sign.what, sign.family, sign.certain, sign.camera, sign.count, _json(sign.first))


def _inserted(row: Incident) -> Sequence[object]:
    return (
        row.id, row.kind.value, row.place, row.drill, row.report, row.certainty.value, row.state.value, row.step,
        row.reminded, row.told, _json(row.reached), _json(row.latest_told), row.answered_by, _json(row.opened),
        _json(row.since), _json(row.latest_sign), _json(row.due) if row.due else None, row.changes,
    )  # fmt: skip


def _updated(row: Incident) -> Sequence[object]:
    return (
        row.kind.value, row.certainty.value, row.state.value, row.step, row.reminded, row.told, _json(row.reached),
        _json(row.latest_told), row.answered_by, _json(row.since), _json(row.latest_sign),
        _json(row.due) if row.due else None, row.changes, row.id,
    )  # fmt: skip


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
