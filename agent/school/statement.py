"""The daily statement: what the ledger's leaves since the one before add up to, as a leaf of its own.

When    the school's day has ended, at 20:00 of its own time, and something was counted since. A box that was off makes
        it at its next start; while the clock is not trusted nobody knows what day it is, and it waits. Sooner where
        MANY_LINES were counted, as when weeks get their days at once: an event holds some five hundred.
Covers  leaves [first, end): from behind the statement before to itself. Sums come from table tally, which put() keeps.
Runs    in the writer's thread, in one transaction: the statement, the tally emptied, how far statements have come.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from agent.events import draft
from agent.ledger.lines import sums
from agent.ledger.merkle import EMPTY_ROOT
from agent.ledger.note import base64_text
from agent.model import Lane, Moment
from agent.outbox.group import Transaction
from agent.school.calendar import LocalTime
from agent.school_events import Statement, StatementLine

DAY_ENDS_MINUTE = 20 * 60
MANY_LINES = 300
STATED = "ledger/statement"  # the fact that says how far statements have come
TALLY = "select kind, day, what, tenge, count from tally order by kind, day, what, tenge"


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """How far statements have come."""

    day: str  # the last school day whose end was seen
    epoch: str = ""
    end: int = 0  # of the log, behind the last statement's own leaf
    root: str = base64_text(EMPTY_ROOT)  # of so many leaves


def ended_day(now: LocalTime) -> str:
    """The last day that has ended by now."""
    today = date.fromisoformat(now.day)
    return (today if now.minute >= DAY_ENDS_MINUTE else today - timedelta(days=1)).isoformat()


def close_day(transaction: Transaction, now: LocalTime, at: Moment, datasets: Mapping[str, str]) -> bool:
    """Make the statement of the last day that has ended, if one is due. Returns whether it was made.

    The first look of a box only takes note of the day: what came before it belongs to the day that goes on.
    """
    day, before = ended_day(now), _stated(transaction)
    ended = before is None or not day <= before.day <= now.day  # a day in the future was a wrong clock's
    if not ended and transaction.execute("select count(*) from tally").fetchone()[0] < MANY_LINES:
        return False
    lines = [] if before is None else [
        StatementLine(kind=kind, day=of, what=what, tenge=tenge, count=count)
        for kind, of, what, tenge, count in transaction.execute(TALLY)
    ]  # fmt: skip
    before = before or Stated(day=day)
    after = _state(transaction, before, day, lines, at, datasets) if lines else before
    transaction.remember(STATED, msgspec.json.encode(msgspec.structs.replace(after, day=day)))
    return bool(lines)


def _state(
    transaction: Transaction,
    before: Stated,
    day: str,
    lines: list[StatementLine],
    at: Moment,
    datasets: Mapping[str, str],
) -> Stated:
    """Put the statement and empty the tally. Raises ValueError if it has more lines than an event can hold."""
    epoch, log = transaction.numbering.epoch, transaction.log()
    if before.epoch != epoch:  # a new epoch has a new log
        before = Stated(day=day)
    root = base64_text(log.root())
    statement = Statement(
        day=day, first=before.end, end=log.size, root_first=before.root, root_end=root, lines=lines,
        **sums((line.kind, line.tenge, line.count) for line in lines),
        record_last=transaction.numbering.last[Lane.RECORD] + len(transaction.put_bytes[Lane.RECORD]),
        datasets=dict(datasets),
    )  # fmt: skip
    transaction.put(draft(statement, at))
    transaction.execute("delete from tally")
    log = transaction.log()
    return Stated(day=day, epoch=epoch, end=log.size, root=base64_text(log.root()))


def _stated(transaction: Transaction) -> Stated | None:
    held = transaction.recall(STATED)
    return msgspec.json.decode(held, type=Stated) if held else None
