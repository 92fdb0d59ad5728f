"""The table of visits: who is in which club, and who was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agent.outbox.group import Transaction
from agent.school.since import Stamp
from agent.school.visits import Visit

INSIDE, BY_TAP, BY_RULE = 0, 1, 2  # states

OPEN = """
select number, pupil, club, voucher, day, reader, utc_ns, boot, monotonic_ns from visit where state = 0
"""
OPEN_IN = """
select number, pupil, club, voucher, day, reader, utc_ns, boot, monotonic_ns from visit where state = 0 and club = ?
"""
LATEST = """
select number, pupil, club, voucher, day, reader, utc_ns, boot, monotonic_ns, state, ended_ns
from visit where pupil = ? order by number desc limit 1
"""
BEGIN = """
insert into visit (pupil, club, voucher, day, reader, utc_ns, boot, monotonic_ns) values (?, ?, ?, ?, ?, ?, ?, ?)
"""


class Latest(msgspec.Struct, frozen=True):
    """The last visit of a child."""

    visit: Visit
    inside: bool  # it has not ended
    left_ns: int  # when it ended, as the clock said


def latest(transaction: Transaction, pupil: str) -> Latest | None:
    row = transaction.execute(LATEST, (pupil,)).fetchone()
    return Latest(_visit(row[:-2]), row[-2] == INSIDE, row[-1]) if row else None


def taken(transaction: Transaction, club: str) -> int:
    """How many children are inside."""
    (count,) = transaction.execute("select count(*) from visit where state = 0 and club = ?", (club,)).fetchone()
    return int(count)


def inside(transaction: Transaction, club: str = "") -> list[Visit]:
    """The visits that have not ended, of one club or of all."""
    rows = transaction.execute(OPEN_IN, (club,)) if club else transaction.execute(OPEN)
    return [_visit(row) for row in rows.fetchall()]


def begin(transaction: Transaction, pupil: str, club: str, voucher: str, *, day: str, reader: str, at: Stamp) -> None:
    row = (pupil, club, voucher, day, reader, at.utc_ns, at.boot, at.monotonic_ns)
    transaction.execute(BEGIN, row)


def end(transaction: Transaction, number: int, state: int, ended_ns: int) -> None:
    transaction.execute("update visit set state = ?, ended_ns = ? where number = ?", (state, ended_ns, number))


def _visit(row: Sequence[Any]) -> Visit:
    number, pupil, club, voucher, day, reader, utc_ns, boot, monotonic_ns = row
    came = Stamp(utc_ns, bool(day), boot, monotonic_ns)
    return Visit(number=number, pupil=pupil, club=club, voucher=voucher, day=day, reader=reader, came=came)
