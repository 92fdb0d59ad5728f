"""Which rule decides about a tap, by what its reader is for."""

from __future__ import annotations

from agent.book import Book
from agent.outbox.group import Transaction
from agent.school import cards, club_reader, entrance, meal_tap
from agent.school.purpose import Purpose
from agent.school.tapped import Rule, Tapped
from drivers.readings import Light

RULES: dict[Purpose, Rule] = {
    Purpose.SEEN: cards.seen,
    Purpose.MEALS: meal_tap.tapped,
    Purpose.ENTRANCE: entrance.tapped,
    Purpose.CLUB: club_reader.tapped,
}


def decide(transaction: Transaction, book: Book, tap: Tapped) -> Light:
    """The decision, in the transaction, and its light."""
    return RULES[tap.purpose](transaction, book, tap)


def record(transaction: Transaction, book: Book, tap: Tapped) -> Light:
    """Only that the card was shown: where the rule fails by itself, nothing of the tap is lost."""
    return cards.seen(transaction, book, tap)
