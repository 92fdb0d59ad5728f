"""A card's number never leaves; its hash depends on key, form and every digit."""

from __future__ import annotations

import hashlib
import hmac

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent.school.cards import card_hash, seen
from drivers.readings import CardForm, Tap

KEY = b"k" * 32
TAP = Tap(card="6F007B3972", form=CardForm.EM4100, at_ns=7, monotonic_ns=3)


def test_the_hash_is_the_documented_one() -> None:
    expected = hmac.new(KEY, b"em4100:6F007B3972", hashlib.sha256).hexdigest()[:32]
    assert card_hash(KEY, CardForm.EM4100, "6F007B3972") == expected


def test_form_and_key_matter() -> None:
    hashes = {
        card_hash(key, form, "24548AAC") for key in (KEY, b"x" * 32) for form in (CardForm.UID4, CardForm.WIEGAND34)
    }
    assert len(hashes) == 4


@given(st.text("0123456789ABCDEF", min_size=10, max_size=10))
def test_the_event_does_not_hold_the_number(card: str) -> None:
    event = seen(msgspec.structs.replace(TAP, card=card), "canteen-1", KEY, synced=True)
    assert card not in msgspec.json.encode(event.data).decode()


def test_the_event_keeps_the_moment_of_the_tap() -> None:
    event = seen(TAP, "canteen-1", KEY, synced=False)
    assert (event.at.utc_ns, event.at.monotonic_ns, event.at.synced, event.source) == (7, 3, False, "canteen-1")
