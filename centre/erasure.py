"""Forgets a child: in every event, conflict and correction of a school, and in the list of its people.

The ledger stays whole: roots, proofs, statements and sums are what they were. What of the child's meals was not paid is
written down before, because afterwards nobody could find a double.
Raises  CentreError K-153 while a quarantined piece names the child: it cannot be read, so it cannot be forgotten.
"""

from __future__ import annotations

import msgspec

from centre.corrections import Corrections, Erasure, corrected
from centre.database import Database
from centre.erased import MARK, erased, names
from centre.errors import CentreError
from centre.ledger_check import LeafSeen, check, epochs_of
from centre.ledger_entry import UNREADABLE, entry_of, index, read
from centre.money import State, settle

STREAMS = "select id, epoch from stream where school = ? order by school, epoch, lane"
ENTRY = "insert into ledger_entry (school, epoch, idx, entry) values (?, ?, ?, ?) on conflict do nothing"


class Forgotten(msgspec.Struct, frozen=True):
    """What was done."""

    events: int
    leaves: int
    unpaid: list[str]


def erase(database: Database, school: str, pupil: str, author: str, reason: str) -> Forgotten:
    """One transaction: all of it or nothing. What takes long, the school's account, is made before it."""
    _look_into_quarantine(database, school, pupil)
    with database.snapshot():
        unpaid = _unpaid(database, school, pupil)
    with database.transaction():
        sql = "select id from stream where school = ? order by school, epoch, lane"
        database.execute(sql + database.lock, (school,))  # as receivers lock them
        events = leaves = 0
        for stream, epoch in database.execute(STREAMS, (school,)):
            more_events, more_leaves = _erase_events(database, school, epoch, stream, pupil)
            events += more_events
            leaves += more_leaves
            _erase_conflicts(database, stream, pupil)
        done = Forgotten(events, leaves, unpaid)
        corrections = Corrections(database)
        corrections.forget(school, pupil)
        database.execute("delete from person where school = ? and key = ?", (school, pupil))
        corrections.add(school, author, Erasure(events=events, leaves=leaves, unpaid=unpaid, reason=reason))
    return done


def _unpaid(database: Database, school: str, pupil: str) -> list[str]:
    """The child's meals that are not paid for a reason that only the child's key shows."""
    leaves: list[LeafSeen] = []
    for epoch in epochs_of(database, school):
        check(database, school, epoch, leaves.append)
    account = settle(leaves, corrected(Corrections(database).of(school)))
    hidden = (State.DOUBLE, State.REVERSED)
    return [meal.leaf for meal in account.meals if meal.pupil == pupil and meal.state in hidden]


def _erase_events(database: Database, school: str, epoch: str, stream: int, pupil: str) -> tuple[int, int]:
    """How many events were of the child, and how many of them are leaves."""
    sql = "select sequence, body from event where stream = ? and body like ?"
    events = leaves = 0
    for sequence, body in database.execute(sql, (stream, _like(pupil))):
        if not names(body, pupil):
            continue
        fresh = erased(body)
        database.execute("update event set body = ? where stream = ? and sequence = ?", (fresh, stream, sequence))
        events += 1
        event = read(fresh)
        idx = index(event.leaf)
        if idx is not None:
            database.execute(ENTRY, (school, epoch, idx, entry_of(event).decode()))
            leaves += 1
    return events, leaves


def _erase_conflicts(database: Database, stream: int, pupil: str) -> None:
    sql = "select id, body from conflict where stream = ? and body like ?"
    for id_, body in database.execute(sql, (stream, _like(pupil))):
        try:
            fresh = erased(body) if MARK not in body else body
        except UNREADABLE:
            fresh = ""
        database.execute("update conflict set body = ? where id = ?", (fresh, id_))


def _look_into_quarantine(database: Database, school: str, pupil: str) -> None:
    sql = "select q.id, q.body from quarantine q join stream s on s.id = q.stream where s.school = ? order by q.id"
    found = [str(id_) for id_, body in database.execute(sql, (school,)) if f'"{pupil}"'.encode() in bytes(body)]
    if found:
        what = f"quarantined pieces name this child: {', '.join(found)}"
        do = "`mektep-centre quarantine requeue` them, so that they can be read; then erase again."
        raise CentreError("K-153", what, do=do)


def _like(pupil: str) -> str:
    """Keys are hex digits: nothing in them means anything to LIKE."""
    return f'%"{pupil}"%'
