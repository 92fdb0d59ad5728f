"""Bits to cards: worked examples, every wrong parity, every other length; no bits make a false card."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import cards
from drivers.readers.osdp_card import Card, read
from drivers.readings import CardForm
from simulator.osdp_reader import wiegand

GOOD = [
    (*wiegand(bytes.fromhex("7B3972")), Card("7B3972", CardForm.WIEGAND26)),  # 123,14706
    (*wiegand(bytes.fromhex("AC8A5424")), Card("AC8A5424", CardForm.WIEGAND34)),
    (26, bytes.fromhex("3D9CB940"), Card("7B3972", CardForm.WIEGAND26)),  # by hand: 0 0111..10 1
    (32, bytes.fromhex("24548AAC"), Card("24548AAC", CardForm.UID4)),
    (56, bytes.fromhex("0456463AAC2280"), Card("0456463AAC2280", CardForm.UID7)),
]


@pytest.mark.parametrize(("bits", "data", "card"), GOOD)
def test_a_card_is_read(bits: int, data: bytes, card: Card) -> None:
    assert read(bits, data) == card


@pytest.mark.parametrize(("bits", "data", "card"), GOOD[:2])
def test_each_flipped_bit_of_a_wiegand_card_is_no_card(bits: int, data: bytes, card: Card) -> None:
    for bit in range(bits):
        wrong = bytearray(data)
        wrong[bit >> 3] ^= 0x80 >> (bit & 7)
        assert read(bits, bytes(wrong)) == f"{bits} bits with wrong parity"


@pytest.mark.parametrize(
    ("bits", "data", "what"),
    [
        (37, bytes(5), "a card of 37 bits"),
        (0, b"", "a card of 0 bits"),
        (26, b"\x12\x34", "a card of 26 bits"),  # says more than it holds
        (32, bytes(4), "32 bits, all zero"),
    ],
)
def test_what_is_no_card_is_told_without_its_digits(bits: int, data: bytes, what: str) -> None:
    assert read(bits, data) == what


@given(bits=st.integers(0, 2000), data=st.binary(max_size=70))
def test_no_bits_make_a_false_card(bits: int, data: bytes) -> None:
    card = read(bits, data)
    if isinstance(card, Card):
        assert cards.checked(card.form, card.card) == card.card
        assert bits in (26, 32, 34, 56)
