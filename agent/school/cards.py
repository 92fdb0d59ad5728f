"""A tap becomes an event without the card's number: a keyed hash stands for it.

The key lies beside the database and never leaves the box (docs/decisions/0004-card-hash.md). The form is hashed
with the number, because the same digits in another form are another card.

Not     who may eat: that rule arrives with the school's reference data.
"""

from __future__ import annotations

import hashlib
import hmac

from agent.events import CardSeen, draft
from agent.model import Draft, Moment
from drivers.readings import CardForm, Tap

HASH_BYTES = 16  # 128 bits: no two cards of a city meet by chance


def card_hash(key: bytes, form: CardForm, card: str) -> str:
    """HMAC-SHA256 of `form:CARD` under the school's card key, first 16 bytes, hex."""
    return hmac.new(key, f"{form.value}:{card}".encode(), hashlib.sha256).digest()[:HASH_BYTES].hex()


def seen(tap: Tap, reader: str, key: bytes, *, synced: bool) -> Draft:
    """The record that a card was shown."""
    at = Moment(tap.at_ns, tap.monotonic_ns, synced)
    data = CardSeen(reader=reader, form=tap.form.value, card=card_hash(key, tap.form, tap.card))
    return draft(data, at, source=reader)
