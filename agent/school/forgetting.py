"""Meals that nobody asks about any more leave the box after two months; the centre has them all.

Once a day, a piece at a time. A meal that still waits for its day stays: its time is that of a clock that was wrong.
Not     visits and passages: their own tables' files.
"""

from __future__ import annotations

from agent.book import Book
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school.calendar import local

DAY_NS = 86_400 * 1_000_000_000
KEEP_NS = 60 * DAY_NS
PIECE = 500  # rows of one commit
FACT = "meals/forgotten"  # the day on which the last old row was removed
DELETE = """
delete from meal where number in (
  select number from meal where utc_ns not between ? and ? and not (day = '' and state = 0) order by number limit ?
)
"""


def tick(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:  # noqa: ARG001 - as every tick
    """Remove a piece; the rest of today's at the next ticks."""
    if not now.synced:
        return
    today = local(now.utc_ns, book.calendar).day.encode()
    if transaction.recall(FACT) == today:
        return
    removed = transaction.execute(DELETE, (now.utc_ns - KEEP_NS, now.utc_ns + DAY_NS, PIECE)).rowcount
    if removed < PIECE:
        transaction.remember(FACT, today)
