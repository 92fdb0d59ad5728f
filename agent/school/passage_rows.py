"""The table of passages: who came in and went out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agent.datasets import Calendar
from agent.outbox.group import Transaction
from agent.school.calendar import local, midnight_ns
from agent.school.purpose import Way
from agent.school.since import Stamp, elapsed_ns, true_ns

SAME_DAY_NS = 14 * 3_600 * 1_000_000_000  # without a trusted clock: what is known to be older was yesterday
LATEST_ROWS = 30
DATED = "entrance/dated"  # fact: the boot in which rows of earlier boots were looked at

LATEST = """
select day, way, utc_ns, boot, monotonic_ns from passage where pupil = ? order by number desc limit ?
"""
ADD = "insert into passage (pupil, day, way, reader, utc_ns, boot, monotonic_ns) values (?, ?, ?, ?, ?, ?, ?)"
DATE_ROWS = 500  # at each look: after weeks without a clock taps go on
UNDATED = """
select number, monotonic_ns from passage where day = '' and boot = ? and monotonic_ns between ? and ?
order by monotonic_ns limit ?
"""
DATE = "update passage set day = ?, utc_ns = ? where number = ?"
DATE_EARLIER = """
update passage set day = ?1, utc_ns = (
  select known.utc_ns from passage known where known.day = ?1 and known.number < passage.number
  order by known.number desc limit 1
)
where number in (
  select number from passage where day = '' and boot <> ?2
  and number > (select min(number) from passage where day = ?1) order by number limit ?3
)
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
    """Everybody's: pupil, way, UTC; in the order of their times."""
    rows = transaction.execute("select pupil, way, utc_ns from passage where day = ? order by utc_ns, number", (day,))
    return [(pupil, WAYS[way], utc_ns) for pupil, way, utc_ns in rows.fetchall()]


def date(transaction: Transaction, now: Stamp, calendar: Calendar | None) -> bool:
    """Give a day to passages of today that have none, now that the clock is trusted. Returns whether all have theirs.

    Of this boot the true time is known. One of an earlier boot is of today if one before it is; it gets the last such
    one's time, the earliest it can have been, so that nobody is late by it. Others are asked for by nobody.
    """
    today = local(now.utc_ns, calendar).day
    begin_ns = now.monotonic_ns - (now.utc_ns - midnight_ns(today, calendar))  # of today, by the monotonic clock
    rows = transaction.execute(UNDATED, (now.boot, begin_ns, now.monotonic_ns, DATE_ROWS)).fetchall()
    for number, monotonic_ns in rows:
        transaction.execute(DATE, (today, now.utc_ns - (now.monotonic_ns - monotonic_ns), number))
    return len(rows) < DATE_ROWS and _date_earlier(transaction, now.boot, today)


def _date_earlier(transaction: Transaction, boot: str, today: str) -> bool:
    """Those of earlier boots, once a boot. Returns whether that is done."""
    if transaction.recall(DATED) == boot.encode():
        return True
    found = transaction.execute(DATE_EARLIER, (today, boot, DATE_ROWS))
    if found.rowcount == DATE_ROWS:
        return False
    transaction.remember(DATED, boot.encode())
    return True


WAYS = {way.value: way for way in (Way.IN, Way.OUT)}


def _passage(row: Sequence[Any]) -> Passage:
    day, way, utc_ns, boot, monotonic_ns = row
    return Passage(WAYS[way], day, Stamp(utc_ns, bool(day), boot, monotonic_ns))
