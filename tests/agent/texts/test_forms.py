"""Forms that follow a number: the published examples of CLDR as a table, and what holds for every number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.texts import LANGUAGES, load_texts
from agent.texts.forms import decimal, filled, form

CLDR = [  # Unicode CLDR, Language Plural Rules: the sample integers and decimals of each category
    ("en", "one", "1"),
    ("en", "other", "0 2 3 16 100 1000 10000 100000 1000000 0.0 1.5 10.0 1000.0"),
    ("ru", "one", "1 21 31 41 51 61 71 81 101 1001"),
    ("ru", "few", "2 3 4 22 23 24 32 33 34 42 43 44 52 53 54 62 102 1002"),
    ("ru", "many", "0 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 100 1000 10000 100000 1000000"),
    ("ru", "few", "0.5 1.5 10.0 100.0 1000.0"),  # CLDR: other; a noun reads as after 2: 1,5 дня, 2 дня
]
FORMS = {"en": ["one", "other"], "ru": ["one", "few", "many"], "kk": ["the same"]}


@pytest.mark.parametrize(("language", "category", "numbers"), CLDR)
def test_each_sample_takes_the_form_of_its_category(language: str, category: str, numbers: str) -> None:
    assert {form(language, number, FORMS[language]) for number in numbers.split()} == {category}


@given(st.sampled_from(LANGUAGES), st.integers(0, 10**9))
def test_thousands_may_be_gapped(language: str, number: int) -> None:
    gapped = f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")
    assert form(language, gapped, FORMS[language]) == form(language, number, FORMS[language])


@given(st.integers(0, 10**9))
def test_in_russian_the_last_two_digits_tell(number: int) -> None:
    assert form("ru", number, FORMS["ru"]) == form("ru", number % 100, FORMS["ru"])


@given(st.sampled_from(LANGUAGES), st.integers(-(10**6), 10**6))
def test_every_number_has_a_form_and_its_sign_does_not_matter(language: str, number: int) -> None:
    assert form(language, number, FORMS[language]) in FORMS[language]
    assert form(language, number, FORMS[language]) == form(language, -number, FORMS[language])


@given(st.sampled_from(LANGUAGES), st.text(max_size=8))
def test_what_is_no_number_takes_a_form_too(language: str, text: str) -> None:
    assert form(language, text, FORMS[language]) in FORMS[language]


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "1 fault, 2 faults, 1.5 s"), ("ru", "1 сбой, 2 сбоя, 1,5 с"), ("kk", "1 ақау, 2 ақау, 1,5 с")],
)
def test_a_text_is_filled_in_its_languages_manner(language: str, text: str) -> None:
    words = {
        "en": "{a} {a:fault|faults}, {b} {b:fault|faults}, {c:n} s",
        "ru": "{a} {a:сбой|сбоя|сбоев}, {b} {b:сбой|сбоя|сбоев}, {c:n} с",
        "kk": "{a} ақау, {b} ақау, {c:n} с",
    }
    assert filled(language, words[language], {"a": 1, "b": 2, "c": 1.5}) == text


@pytest.mark.parametrize(("language", "shown"), [("en", "0.5"), ("ru", "0,5"), ("kk", "0,5")])
def test_a_decimal(language: str, shown: str) -> None:
    assert decimal(language, "0.5") == shown


@pytest.mark.parametrize("count", [1, 2, 5, 21])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_doctor_counts_is_declined(language: str, count: int) -> None:
    words = {
        "en": {1: "1 fault", 2: "2 faults", 5: "5 faults", 21: "21 faults"},
        "ru": {1: "1 неисправность", 2: "2 неисправности", 5: "5 неисправностей", 21: "21 неисправность"},
        "kk": {count: f"{count} ақау"},
    }
    assert load_texts(language)("doctor.fault", count=count) == words[language][count]
