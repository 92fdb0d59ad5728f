"""The table of passages: who came in and went out, for two months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agent.datasets import Calendar
from agent.outbox.group import Transaction
from agent.school.calendar import local
from agent.school.purpose import Way
from agent.school.since import Stamp, elapsed_ns, true_ns

SAME_DAY_NS = 14 * 3_600 * 1_000_000_000  # without a trusted clock: what is known to be older was yesterday
LATEST_ROWS = 30
KEPT_NS = 60 * 86_400 * 1_000_000_000
FORGET_ROWS = 500  # of the oldest, at each look
AHEAD_NS = 86_400 * 1_000_000_000  # a time later than now by so much was never true
DATED = "entrance/dated"  # fact: the boot in which rows of earlier boots were looked at

LATEST = """
select day, way, utc_ns, boot, monotonic_ns from passage where pupil = ? order by number desc limit ?
"""
ADD = "insert into passage (pupil, day, way, reader, utc_ns, boot, monotonic_ns) values (?, ?, ?, ?, ?, ?, ?)"
UNDATED = "select number, utc_ns, boot, monotonic_ns from passage where day = '' and (boot = ? or ?) order by number"
BEFORE = "select day, utc_ns from passage where number < ? and day <> '' order by number desc limit 1"
FORGET = """
delete from passage where (utc_ns < ? or utc_ns > ?)
and number in (select number from passage order by number limit ?)
"""


class Passage(msgspec.Struct, frozen=True):
    """One pupil, one way."""

    way: Way
    day: str  # empty: not known
    at: Stamp


def of_today(transaction: Transaction, pupil: str, day: str, now: Stamp, calendar: Calendar | None) -> list[Passage]:
    """The pupil's passages of this day, in order; without a trusted clock those that may be."""
    rows = transaction.execute(LATEST, (pupil, LATEST_ROWS)).fetchall()
    found = [_passage(row) for row in reversed(rows)]
    return [one for one in found if _is_of(one, day, now, calendar)]


def _is_of(passage: Passage, day: str, now: Stamp, calendar: Calendar | None) -> bool:
    if not now.trusted:
        return elapsed_ns(passage.at, now) < SAME_DAY_NS
    at_ns = true_ns(passage.at, now)
    return at_ns is not None and (passage.day or local(at_ns, calendar).day) == day


def add(transaction: Transaction, pupil: str, way: Way, *, day: str, reader: str, at: Stamp) -> None:
    transaction.execute(ADD, (pupil, day, way.value, reader, at.utc_ns, at.boot, at.monotonic_ns))


def of_day(transaction: Transaction, day: str) -> list[tuple[str, Way, int]]:
    """Everybody's: pupil, way, UTC; in order."""
    rows = transaction.execute("select pupil, way, utc_ns from passage where day = ? order by number", (day,))
    return [(pupil, WAYS[way], utc_ns) for pupil, way, utc_ns in rows.fetchall()]


def date(transaction: Transaction, now: Stamp, calendar: Calendar | None) -> None:
    """Give a day to passages that have none, now that the clock is trusted.

    Of this boot the true time is known. One of an earlier boot is of today if the last before it that has a day is; it
    gets that one's time, the earliest it can have been, so that nobody is late by it.
    """
    also_earlier = transaction.recall(DATED) != now.boot.encode()
    for number, utc_ns, boot, monotonic_ns in transaction.execute(UNDATED, (now.boot, also_earlier)).fetchall():
        at_ns = true_ns(Stamp(utc_ns, False, boot, monotonic_ns), now)
        found = (local(at_ns, calendar).day, at_ns) if at_ns is not None else _after(transaction, number, now, calendar)
        if found:
            transaction.execute("update passage set day = ?, utc_ns = ? where number = ?", (*found, number))
    if also_earlier:
        transaction.remember(DATED, now.boot.encode())


def _after(transaction: Transaction, number: int, now: Stamp, calendar: Calendar | None) -> tuple[str, int] | None:
    before = transaction.execute(BEFORE, (number,)).fetchone()
    return (before[0], before[1]) if before and before[0] == local(now.utc_ns, calendar).day else None


def forget(transaction: Transaction, now_ns: int) -> None:
    """The oldest, by a trusted clock."""
    transaction.execute(FORGET, (now_ns - KEPT_NS, now_ns + AHEAD_NS, FORGET_ROWS))


WAYS = {way.value: way for way in (Way.IN, Way.OUT)}


def _passage(row: Sequence[Any]) -> Passage:
    day, way, utc_ns, boot, monotonic_ns = row
    return Passage(WAYS[way], day, Stamp(utc_ns, bool(day), boot, monotonic_ns))
