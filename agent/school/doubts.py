"""What a decision did not know: the marks of its event. Pure."""

from __future__ import annotations

from agent.book import Book
from agent.school.calendar import local, reaches
from agent.school.since import Stamp


def day_of(book: Book, now: Stamp) -> str:
    """The school's day; empty while the clock is not trusted."""
    return local(now.utc_ns, book.calendar).day if now.trusted else ""


def marks(book: Book, now: Stamp, *datasets: str) -> list[str]:
    """clock, or calendar and stale: of the datasets that the decision rests on."""
    if not now.trusted:
        return ["clock"]
    found = [] if reaches(book.calendar, day_of(book, now)) else ["calendar"]
    return [*found, "stale"] if is_stale(book, now, *datasets) else found


def is_stale(book: Book, now: Stamp, *datasets: str) -> bool:
    """Whether any of them is older than two weeks, as far as the clock can tell."""
    return now.trusted and any(book.stale(one, now.utc_ns) for one in datasets)
