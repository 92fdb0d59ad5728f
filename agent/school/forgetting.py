"""Meals that nobody asks about any more leave the box after two months; the centre has them all.

Once a day, a piece at a time, the oldest first. A meal goes by its day; one that still waits for its day stays, and so
does one of this boot that the steady clock calls younger: a trusted clock may be years ahead for a moment.
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
delete from meal where number in (select number from meal order by number limit ?)
and case when day = '' then state <> 0 and utc_ns not between ? and ? else day not between ? and ? end
and not (boot = ? and monotonic_ns > ?)
"""


def tick(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:
    """Remove a piece; the rest of today's at the next ticks."""
    if not now.synced:
        return
    today = local(now.utc_ns, book.calendar).day
    if transaction.recall(FACT) == today.encode():
        return
    kept_ns = now.utc_ns - KEEP_NS, now.utc_ns + DAY_NS
    kept_days = (local(one, book.calendar).day for one in kept_ns)
    young_ns = now.monotonic_ns - KEEP_NS
    removed = transaction.execute(DELETE, (PIECE, *kept_ns, *kept_days, boot, young_ns)).rowcount
    if removed < PIECE:
        transaction.remember(FACT, today.encode())
