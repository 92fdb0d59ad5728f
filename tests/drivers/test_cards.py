"""Every print of a card by worked examples, and Wiegand frames: they come back, and a flipped bit is never a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards import HEX_DIGITS, checked, from_comma, from_wiegand, identifies, printed
from drivers.readings import CardForm
from tests.drivers.wiegand_frame import wiegand_bits

EM, UID4, UID7 = CardForm.EM4100, CardForm.UID4, CardForm.UID7
W26, W34 = CardForm.WIEGAND26, CardForm.WIEGAND34

PRINTS = [  # form, number, name of the print, text as published
    (EM, "6F007B3972", "decimal, 10 digits", "0008075634"),
    (EM, "6F007B3972", "facility,number", "123,14706"),
    (EM, "010063E9AE", "decimal, 10 digits", "0006547886"),
    (EM, "62E3086CED", "decimal, 10 digits", "3808980205"),
    (EM, "01000734E0", "decimal, 10 digits", "0000472288"),
    (EM, "06008E6D5D", "decimal, 10 digits", "0009334109"),
    (EM, "170009593F", "IronLogic", "Em-Marine[1700] 009,22847"),
    (EM, "55007EE424", "IronLogic", "Em-Marine[5500] 126,58404"),
    (EM, "0100000002", "decimal of all bytes", "4294967298"),
    (EM, "6F007B3972", "hex", "6F007B3972"),
    (UID4, "24548AAC", "facility,number", "138,21540"),
    (UID4, "24548AAC", "decimal, first byte low", "2894746660"),
    (UID4, "24548AAC", "decimal, first byte high", "0609520300"),
    (UID4, "24548AAC", "hex, reversed", "AC8A5424"),
    (UID4, "BCD14264", "facility,number", "066,53692"),
    (UID4, "24548AAC", "hex", "24548AAC"),
    (UID7, "0456463AAC2280", "IronLogic", "Mifare[3AAC2280045646]"),
    (UID7, "0456463AAC2280", "hex, reversed", "8022AC3A465604"),
    (UID7, "0456463AAC2280", "hex", "0456463AAC2280"),
    (W26, "7B3972", "facility,number", "123,14706"),
    (W26, "7B3972", "decimal", "0008075634"),
    (W26, "7B3972", "hex", "7B3972"),
    (W34, "AC8A5424", "decimal", "2894746660"),
    (W34, "AC8A5424", "hex", "AC8A5424"),
]
NUMBERS = st.sampled_from([6, 8]).flatmap(lambda digits: st.text("0123456789ABCDEF", min_size=digits, max_size=digits))


@pytest.mark.parametrize(("form", "card", "name", "text"), PRINTS)
def test_a_card_is_printed_so(form: CardForm, card: str, name: str, text: str) -> None:
    assert printed(form, card)[name] == text


@pytest.mark.parametrize("form", CardForm)
def test_no_print_is_without_an_example(form: CardForm) -> None:
    examples = {name for of, _, name, _ in PRINTS if of is form}
    assert set(printed(form, "1" * HEX_DIGITS[form])) == examples


@pytest.mark.parametrize("form", CardForm)
@pytest.mark.parametrize(
    "change", [lambda card: card[1:], lambda card: card + "0", str.lower, lambda card: card[1:] + "G"]
)
def test_another_shape_is_no_number(form: CardForm, change) -> None:  # type: ignore[no-untyped-def]
    good = "A" * HEX_DIGITS[form]
    assert checked(form, good) == good
    with pytest.raises(ValueError, match="hex digits"):
        checked(form, change(good))
    with pytest.raises(ValueError, match="hex digits"):
        printed(form, change(good))


@pytest.mark.parametrize(
    ("text", "number"),
    [("123,14706", (123, 14706)), ("7,5", (7, 5)), ("000,00000", (0, 0)), ("255,65535", (255, 65535))],
)
def test_facility_and_number(text: str, number: tuple[int, int]) -> None:
    assert from_comma(text) == number


@pytest.mark.parametrize(
    "text", ["", "123", "123;14706", "256,00000", "000,65536", "-1,5", "1,2,3", " 1,2", "1,2\n", "0001,2", "1,000002"]
)
def test_what_is_no_facility_and_number(text: str) -> None:
    with pytest.raises(ValueError, match="facility,number"):
        from_comma(text)


@given(card=st.binary(min_size=5, max_size=5))
def test_the_comma_print_says_three_bytes(card: bytes) -> None:
    facility, number = from_comma(printed(EM, card.hex().upper())["facility,number"])
    assert bytes([facility]) + number.to_bytes(2, "big") == card[2:]


# --- Wiegand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "card", "always"),
    [
        (CardForm.UID4, "24548AAC", True),
        (CardForm.UID4, "08548AAC", False),
        (CardForm.UID4, "88048AAC", False),
        (CardForm.UID7, "08569C3AAC2280", True),
        (CardForm.EM4100, "0800000001", True),
        (CardForm.WIEGAND34, "08548AAC", True),
    ],
)
def test_what_is_drawn_at_random_identifies_no_card(form: CardForm, card: str, always: bool) -> None:
    assert identifies(form, card) is always


def test_a_worked_wiegand_frame() -> None:
    """123,14706: eight ones in the first half, six in the second."""
    bits = [int(bit) for bit in "0" + "011110110011" + "100101110010" + "1"]
    assert sum(bits[:13]) % 2 == 0
    assert sum(bits[13:]) % 2 == 1
    assert wiegand_bits("7B3972") == bits
    assert from_wiegand(bits) == "7B3972"


@given(card=NUMBERS)
def test_wiegand_comes_back(card: str) -> None:
    bits = wiegand_bits(card)
    half = len(bits) // 2
    assert len(bits) == len(card) * 4 + 2
    assert (sum(bits[:half]) % 2, sum(bits[half:]) % 2) == (0, 1)
    assert from_wiegand(bits) == card


@given(card=NUMBERS)
def test_a_flipped_wiegand_bit_is_refused(card: str) -> None:
    bits = wiegand_bits(card)
    for at in range(len(bits)):
        with pytest.raises(ValueError, match="parity"):
            from_wiegand([*bits[:at], 1 - bits[at], *bits[at + 1 :]])


@given(bits=st.lists(st.integers(0, 1), max_size=40).filter(lambda bits: len(bits) not in (26, 34)))
def test_a_wiegand_frame_of_another_length_is_refused(bits: list[int]) -> None:
    with pytest.raises(ValueError, match="wrong length"):
        from_wiegand(bits)
