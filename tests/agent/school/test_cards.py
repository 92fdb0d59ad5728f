"""A card's number never leaves; its hash depends on key, form and every digit."""

from __future__ import annotations

import hashlib
import hmac

from agent.book import EMPTY
from agent.model import Draft, Moment
from agent.school.cards import card_hash, seen
from agent.school.purpose import Purpose
from agent.school.tapped import Tapped
from drivers.readings import CardForm, Light

KEY = b"k" * 32
TAP = Tapped(
    reader="canteen-1", purpose=Purpose.SEEN, form="em4100", card="0f" * 16, at=Moment(7, 3, False), boot="a boot"
)


def test_the_hash_is_the_documented_one() -> None:
    expected = hmac.new(KEY, b"em4100:6F007B3972", hashlib.sha256).hexdigest()[:32]
    assert card_hash(KEY, CardForm.EM4100, "6F007B3972") == expected


def test_form_and_key_matter() -> None:
    hashes = {
        card_hash(key, form, "24548AAC") for key in (KEY, b"x" * 32) for form in (CardForm.UID4, CardForm.WIEGAND34)
    }
    assert len(hashes) == 4


def test_a_card_that_was_seen_is_a_record_of_its_hash_and_the_moment_of_the_tap() -> None:
    class Gathering:
        def __init__(self) -> None:
            self.drafts: list[Draft] = []
            self.put = self.drafts.append

    transaction = Gathering()
    assert seen(transaction, EMPTY, TAP) is Light.ACCEPTED  # type: ignore[arg-type]
    (event,) = transaction.drafts
    assert (event.data.card, event.data.reader, event.data.form) == ("0f" * 16, "canteen-1", "em4100")  # type: ignore[attr-defined]
    assert (event.at.utc_ns, event.at.monotonic_ns, event.at.synced, event.source) == (7, 3, False, "canteen-1")
