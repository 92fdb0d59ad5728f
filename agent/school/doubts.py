"""What a decision did not know: the marks of its event. Pure."""

from __future__ import annotations

from agent.book import Book
from agent.model import Moment
from agent.school.calendar import local, reaches


def day_of(book: Book, at: Moment) -> str:
    """The school's day; empty while the clock is not trusted."""
    return local(at.utc_ns, book.calendar).day if at.synced else ""


def marks(book: Book, at: Moment, *datasets: str) -> list[str]:
    """clock, or calendar and stale: of the datasets that the decision rests on.

    Without a trusted clock nobody knows whether the calendar reaches today, or how old the data are.
    """
    if not at.synced:
        return ["clock"]
    found = [] if reaches(book.calendar, day_of(book, at)) else ["calendar"]
    return [*found, "stale"] if is_stale(book, at, *datasets) else found


def is_stale(book: Book, at: Moment, *datasets: str) -> bool:
    """Whether any of them is older than two weeks, as far as the clock can tell."""
    return at.synced and any(book.stale(one, at.utc_ns) for one in datasets)
