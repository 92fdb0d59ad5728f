"""What the school's rules remember of children leaves the box after two months; the centre has it all.

A piece at a time, the oldest first. What this boot has written stays while the steady clock calls it younger: a trusted
clock may be years ahead for a moment.
Meals     once a day, by their day; one that still waits for its day stays.
Passages  by their time, when the undated ones have theirs (roll_call.py).
Visits    by their end (club_reader.py); one that has not ended stays.
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
MEALS = """
delete from meal where number in (select number from meal order by number limit ?)
and case when day = '' then state <> 0 and utc_ns not between ? and ? else day not between ? and ? end
and not (boot = ? and monotonic_ns > ?)
"""
PASSAGES = """
delete from passage where number in (select number from passage order by number limit ?)
and utc_ns not between ? and ? and not (boot = ? and monotonic_ns > ?)
"""
VISITS = """
delete from visit where number in (select number from visit order by number limit ?)
and state <> 0 and ended_ns not between ? and ? and not (boot = ? and monotonic_ns > ?)
"""


def tick(transaction: Transaction, book: Book, now: Moment, boot: str) -> None:
    """Remove a piece of the meals; the rest of today's at the next ticks."""
    if not now.synced:
        return
    today = local(now.utc_ns, book.calendar).day
    if transaction.recall(FACT) == today.encode():
        return
    kept_days = (local(one, book.calendar).day for one in _kept_ns(now))
    removed = transaction.execute(MEALS, (PIECE, *_kept_ns(now), *kept_days, boot, _young_ns(now))).rowcount
    if removed < PIECE:
        transaction.remember(FACT, today.encode())


def passages(transaction: Transaction, now: Moment, boot: str) -> None:
    """Remove a piece; the clock must be trusted."""
    transaction.execute(PASSAGES, (PIECE, *_kept_ns(now), boot, _young_ns(now)))


def visits(transaction: Transaction, now: Moment, boot: str) -> None:
    """Remove a piece; the clock must be trusted."""
    transaction.execute(VISITS, (PIECE, *_kept_ns(now), boot, _young_ns(now)))


def _kept_ns(now: Moment) -> tuple[int, int]:
    """From when to when a time is kept: one later than tomorrow was never true."""
    return now.utc_ns - KEEP_NS, now.utc_ns + DAY_NS


def _young_ns(now: Moment) -> int:
    return now.monotonic_ns - KEEP_NS
