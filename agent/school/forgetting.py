"""What the school's rules need no longer is removed from the box after two months; the centre has it all.

Once a day, a piece at a time. Without a trusted clock nothing is old.
"""

from __future__ import annotations

from agent.book import Book
from agent.model import Moment
from agent.outbox.group import Transaction
from agent.school.calendar import local

KEEP_NS = 60 * 86_400 * 1_000_000_000
PIECE = 500  # rows of one table in one commit
TABLES = ("meal", "visit", "passage")
FACT = "forgotten"  # the day on which the last old row was removed


def tick(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:  # noqa: ARG001 - as every tick
    """Remove a piece of each table; the rest of today's at the next ticks."""
    if not now.synced:
        return
    today = local(now.utc_ns, book.calendar).day.encode()
    if transaction.recall(FACT) == today:
        return
    before_ns = now.utc_ns - KEEP_NS
    removed = [_remove(transaction, table, before_ns) for table in TABLES]
    if max(removed) < PIECE:
        transaction.remember(FACT, today)


def _remove(transaction: Transaction, table: str, before_ns: int) -> int:
    old = f"select number from {table} where utc_ns < ? limit ?"  # noqa: S608 - one of TABLES
    return transaction.execute(f"delete from {table} where number in ({old})", (before_ns, PIECE)).rowcount  # noqa: S608
