"""A held card is one tap, for readers that report it again or lose it for a moment. Pure."""

from __future__ import annotations

HELD_NS = 1_000_000_000  # a reader that repeats does so many times in this time; beyond it the card was away


class Hold:
    """Repeats within HELD_NS belong to a card; another card or the reader's word ends it."""

    def __init__(self) -> None:
        self._card: object = None
        self._heard_ns = 0

    def is_new(self, card: object, now_ns: int) -> bool:
        new = card != self._card or now_ns - self._heard_ns > HELD_NS
        self._card, self._heard_ns = card, now_ns
        return new

    def there(self, now_ns: int) -> None:
        """The card has not moved, as the reader knows."""
        self._heard_ns = now_ns

    def away(self) -> None:
        """The reader says that no card is there."""
        self._card = None
