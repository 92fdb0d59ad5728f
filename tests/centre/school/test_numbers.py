"""A card's number as printed -> what readers report. The digits are published examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.school.cells import Wrong
from centre.school.numbers import FORMS, PRINTS, reported
from drivers import cards
from drivers.readings import CardForm

EM = {("em4100", "6F007B3972"), ("wiegand34", "007B3972"), ("wiegand26", "7B3972")}
UID = {
    ("uid4", "24548AAC"), ("uid4", "AC8A5424"), ("wiegand34", "24548AAC"), ("wiegand34", "AC8A5424"),
    ("wiegand26", "548AAC"), ("wiegand26", "8A5424"),
}  # fmt: skip
GOOD: list[tuple[str, str, set[tuple[str, str]]]] = [
    ("em4100", "6F007B3972", EM),
    ("em4100", "6f 00 7b 39 72", EM),
    ("em4100", "6F:00:7B:39:72", EM),
    ("13d", str(0x6F007B3972), EM),
    ("13d", f"{0x6F007B3972:013d}", EM),
    ("em4100", "Em-Marine[6F00] 123,14706", EM),
    ("em4100", "Em-Marine[1700] 009,22847",
     {("em4100", "170009593F"), ("wiegand34", "0009593F"), ("wiegand26", "09593F")}),
    ("10d", "0008075634", EM - {("em4100", "6F007B3972")}),
    ("10d", "8075634", EM - {("em4100", "6F007B3972")}),
    ("wiegand34", "007B3972", EM - {("em4100", "6F007B3972")}),
    ("8d", "08075634", {("wiegand26", "7B3972")}),
    ("3d5d", "123,14706", {("wiegand26", "7B3972")}),
    ("3d5d", "12314706", {("wiegand26", "7B3972")}),
    ("wiegand26", "7B3972", {("wiegand26", "7B3972")}),
    ("wiegand26", "123,14706", {("wiegand26", "7B3972")}),
    ("uid4", "24548AAC", UID),
    ("uid4", "AC8A5424", UID),
    ("uid4", "Mifare[24548AAC] 1K (0004,08) 138,21540", UID),
    ("uid4-10d", "609520300", UID),
    ("uid4-10d", "2894746660", UID),
    ("uid7", "0456463AAC2280", {("uid7", "0456463AAC2280"), ("uid7", "8022AC3A465604")}),
]  # fmt: skip


@pytest.mark.parametrize(("form", "number", "told"), GOOD)
def test_every_form_that_a_reader_may_report_is_there(form: str, number: str, told: set[tuple[str, str]]) -> None:
    assert {(one.form, one.number) for one in reported(form, number)} == told


WRONG = [
    ("em4100", "6F007B397"), ("em4100", "6F007B397G"), ("em4100", "0000000000"), ("em4100", "1,2E+12"),
    ("13d", "1099511627776"), ("13d", "12345678901234"), ("10d", "4294967296"), ("10d", "0"), ("8d", "16777216"),
    ("3d5d", "256,14706"), ("3d5d", "123,65536"), ("3d5d", "123"), ("uid4", "24548A"), ("uid4", "0456463AAC2280"),
    ("uid4-10d", "-1"), ("uid7", "24548AAC"), ("wiegand26", "007B3972"), ("wiegand34", "7B3972"), ("10d", "²"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "number"), WRONG)
def test_a_number_of_another_form_is_refused(form: str, number: str) -> None:
    with pytest.raises(Wrong):
        reported(form, number)


@given(st.integers(1, 2**40 - 1))
def test_what_the_box_prints_of_a_card_leads_back_to_it(number: int) -> None:
    """Both sides are written apart: the box's own way of printing, and the centre's of reading."""
    card = f"{number:010X}"
    told = cards.printed(CardForm.EM4100, card)
    for form, text in (("em4100", told["hex"]), ("13d", told["decimal of all bytes"]), ("em4100", told["IronLogic"])):
        assert ("em4100", card) in reported(form, text)
    if number % 2**32:
        assert ("wiegand34", card[2:]) in reported("10d", told["decimal, 10 digits"])
    if number % 2**24:
        assert ("wiegand26", card[4:]) in reported("3d5d", told["facility,number"])


@given(st.binary(min_size=4, max_size=4).filter(any))
def test_a_uid_is_known_in_either_order(data: bytes) -> None:
    told = cards.printed(CardForm.UID4, data.hex().upper())
    want = reported("uid4", told["hex"])
    assert reported("uid4", told["hex, reversed"]) == want
    assert reported("uid4-10d", told["decimal, first byte high"]) == want
    assert reported("uid4-10d", told["decimal, first byte low"]) == want


def test_the_forms_are_those_of_the_readers() -> None:
    assert set(FORMS) == {form.value for form in CardForm}


@given(st.sampled_from(list(PRINTS)), st.text(max_size=24))
def test_no_text_raises_anything_else(form: str, text: str) -> None:
    try:
        found = reported(form, text)
    except Wrong:
        return
    assert found
    assert all(cards.checked(CardForm(one.form), one.number) for one in found)
