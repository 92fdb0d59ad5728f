"""While a box is silent the centre answers for it: a report that no box has taken, an alarm whose event does not come.

The persons on duty by the published roster and the city are told at once, then one group after the other, each after
remind_s, until somebody acknowledges, or the box has it. Nothing is ever without an owner.
Raises  StoreDown
"""

from __future__ import annotations

from datetime import datetime

from centre.ahead import meaning
from centre.database import Database
from centre.incidents import Incidents
from centre.notify import tell
from centre.order_queue import OrderQueue
from centre.reports import Report, Reports
from centre.school.roster import Addressee, chain, persons, published
from centre.school_time import S_NS, local, offset_min
from centre.settings import NotifySettings

FIRST, NEXT = "box_silent", "unanswered"
TAKEN_NS = 60 * S_NS  # the box has said that it has the report: its event is on its way
AT_ONCE_KINDS = frozenset({"fire"})  # the city and the police know at once
AHEAD_NS = 5 * S_NS  # an alarm's event usually follows within this
AHEAD_KEPT_NS = 3_600 * S_NS  # one of a box that was killed before its database answered never comes


def watch(database: Database, settings: NotifySettings, now_ns: int) -> list[str]:
    """What the centre has told somebody of, just now: reports, and alarms that came ahead."""
    told = [one.id for one in Reports(database).waiting() if _is_due(database, one, settings, now_ns)]
    told = [name for name in told if _tell_of_report(database, name, settings, now_ns)]
    for alarm in Incidents(database).ahead(since_ns=now_ns - AHEAD_KEPT_NS):
        waits = now_ns - alarm.received_ns >= AHEAD_NS and not _is_told(database, alarm.school, alarm.id)
        if waits and _tell_of_ahead(database, alarm.school, alarm.id, now_ns):
            told.append(alarm.id)
    return told


def _is_told(database: Database, school: str, subject: str) -> bool:
    sql = "select 1 from notification where school = ? and incident = ? limit 1"
    return bool(database.execute(sql, (school, subject)))


def _is_due(database: Database, one: Report, settings: NotifySettings, now_ns: int) -> bool:
    if one.answer:
        return False  # somebody has it; the box will ask for the end
    if one.told:
        return now_ns - one.told_ns >= settings.remind_s * S_NS
    orders = OrderQueue(database).of(one.school, one.id)
    if orders and orders[0].state == "done" and now_ns - orders[0].sent_ns < TAKEN_NS:
        return False
    return now_ns - one.made_ns >= settings.silent_s * S_NS


def _tell_of_report(database: Database, name: str, settings: NotifySettings, now_ns: int) -> bool:
    """Two watchers at once tell it once: the row is locked, and looked at again."""
    with database.transaction():
        row_of_report = "select id from report where id = ?"
        database.execute(row_of_report + database.lock, (name,))
        reports = Reports(database)
        one = reports.find(name)
        if one is None or one.incident or not _is_due(database, one, settings, now_ns):
            return False
        groups = _chain(database, one.school, one.kind, one.place, now_ns)
        to = _first(groups, one.kind) if one.told == 0 else persons(groups, one.told)
        tell(database, one.school, name, to, one.told, NEXT if one.told else FIRST)
        reports.note_told(name, now_ns)
    return True


def _tell_of_ahead(database: Database, school: str, name: str, now_ns: int) -> bool:
    """Once: it cannot be answered here, the box itself goes on with it."""
    sql = "select body from ahead where school = ? and id = ?"
    with database.transaction():
        rows = database.execute(sql + database.lock, (school, name))
        what = meaning(rows[0][0]) if rows and not _is_told(database, school, name) else None
        if what is None:
            return False
        groups = _chain(database, school, what.kind, what.place, now_ns)
        tell(database, school, name, _first(groups, what.kind), 0, FIRST)
    return True


def _first(groups: list[list[Addressee]], kind: str) -> list[Addressee]:
    found = persons(groups, 0)
    return [*found, ("police", "")] if kind in AT_ONCE_KINDS and ("police", "") not in found else found


def _chain(database: Database, school: str, kind: str, place: str, now_ns: int) -> list[list[Addressee]]:
    roster, calendar = published(database, school)
    at: datetime = local(now_ns, offset_min(database, school))
    return chain(roster, calendar, kind, place, at)
