"""A tap becomes an event without the card's number: a keyed hash stands for it.

The form is hashed with the number, because the same digits in another form are another card. The key is the centre's,
in the dataset `cards`; until that has come, the box's own (docs/decisions/0004-card-hash.md).
"""

from __future__ import annotations

import hashlib
import hmac

from agent.book import Book
from agent.events import CardSeen, draft
from agent.outbox.group import Transaction
from agent.school.tapped import Tapped
from drivers.readings import CardForm, Light

HASH_BYTES = 16  # 128 bits: no two cards of a city meet by chance


def card_hash(key: bytes, form: CardForm, card: str) -> str:
    """HMAC-SHA256 of `form:CARD` under the school's card key, first 16 bytes, hex."""
    return hmac.new(key, f"{form.value}:{card}".encode(), hashlib.sha256).digest()[:HASH_BYTES].hex()


def seen(transaction: Transaction, _book: Book, tap: Tapped) -> Light:
    """The record that a card was shown, whoever holds it."""
    transaction.put(draft(CardSeen(reader=tap.reader, form=tap.form, card=tap.card), tap.at, source=tap.reader))
    return Light.ACCEPTED
