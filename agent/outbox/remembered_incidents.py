"""Open incidents, taken over from a damaged database: none is left without somebody who is to answer.

Rows    as far as SQLite reads them from either end.
Events  an incident that was opened and not closed, whose row could not be read, is open again: told to nobody yet, so
        that its first step is due at once.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent.model import Lane
from agent.outbox.envelope import split
from agent.outbox.remembered import readable

log = logging.getLogger("agent.outbox")

COLUMNS = (
    "number, id, kind, place, drill, report, certainty, state, step, reminded, told, reached, latest_told, "
    "answered_by, opened, since, latest_sign, due, changes"
)
ROW = tuple[
    int, str, str, str, int, str, str, str, int, int, int, str, str, str, str, str, str, str | None, int
]  # fmt: skip
READ = f"select {COLUMNS} from incident order by number"  # noqa: S608 - our own names
ADD = f"insert or ignore into incident ({COLUMNS}) values ({', '.join('?' * 19)})"  # noqa: S608 - our own names
SIGN = tuple[int, str, str, str, int, str, int, str]
READ_SIGNS = """
select incident, source, what, family, certain, camera, count, first from incident_sign order by incident, source, what
"""
READ_SIGNS_BACK = """
select incident, source, what, family, certain, camera, count, first from incident_sign
order by incident desc, source desc, what desc
"""
ADD_SIGN = """
insert or ignore into incident_sign (incident, source, what, family, certain, camera, count, first)
select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 where exists (select 1 from incident where number = ?1)
"""
AGAIN = """
insert or ignore into incident (id, kind, place, drill, report, certainty, state, step, reminded, told, reached,
                                latest_told, answered_by, opened, since, latest_sign, due, changes)
values (?, ?, ?, ?, ?, ?, 'told', 0, 0, 0, '[]', '[]', '', ?7, ?7, ?7, ?7, 0)
"""
RUNS = "select body from message where lane = ? order by epoch, first"
OPENED, CLOSED = (f"kz.mektep.incident.{word}.v1" for word in ("opened", "closed"))
INCIDENT_EVENT = b'"type":"kz.mektep.incident.'
LONG_AGO = '{"utc_ns":0,"trusted":false,"boot":"","monotonic_ns":0}'  # nobody knows when: every deadline has passed


class Said(msgspec.Struct, frozen=True):
    """What events of incidents say, as far as rows need it."""

    incident: str
    kind: str = ""
    place: str = ""
    drill: bool = False
    report: str = ""
    certainty: str = ""
    sign: dict[str, Any] = {}


class Event(msgspec.Struct, frozen=True):
    type: str
    data: Said


def take_over(connection: sqlite3.Connection, damaged: Path) -> None:
    """Into a new database, within its transaction; the runs must be there already. Raises sqlite3.Error of the new."""
    for read in (READ, f"{READ} desc"):
        connection.executemany(ADD, readable(damaged, read, ROW))
    for read in (READ_SIGNS, READ_SIGNS_BACK):
        connection.executemany(ADD_SIGN, readable(damaged, read, SIGN))
    _open_again(connection)


def _open_again(connection: sqlite3.Connection) -> None:
    opened: dict[str, Said] = {}
    for event in _events(connection):
        if event.type == OPENED:
            opened.setdefault(event.data.incident, event.data)
        elif event.type == CLOSED:
            opened.pop(event.data.incident, None)
    known = {id_ for (id_,) in connection.execute("select id from incident")}
    for said in (one for id_, one in opened.items() if id_ not in known):
        row = (said.incident, said.kind, said.place, said.drill, said.report, said.certainty, LONG_AGO)
        number = connection.execute(AGAIN, row).lastrowid
        source, what = str(said.sign.get("source", "")), str(said.sign.get("what", ""))
        certain = bool(said.sign.get("certain"))
        connection.execute(ADD_SIGN, (number, source, what, "sensor", certain, "", 1, LONG_AGO))
        log.warning("the incident %s, whose row could not be read, is open again", said.incident)


def _events(connection: sqlite3.Connection) -> Iterator[Event]:
    for (body,) in connection.execute(RUNS, (int(Lane.ALARM),)):
        if INCIDENT_EVENT not in body:
            continue
        for raw in split(body):
            try:
                if INCIDENT_EVENT in raw:
                    yield _decode(raw)
            except ValueError as error:
                log.warning("an event of an incident cannot be read: %s", error)


_decode = msgspec.json.Decoder(Event).decode
