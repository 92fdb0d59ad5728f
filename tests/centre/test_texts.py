"""The words of the centre: three languages that say the same things."""

from __future__ import annotations

import re

import pytest

from centre.incident_words import CERTAINTIES, KINDS
from centre.texts import LANGUAGES, word, words


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w*)\}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_word_with_the_same_places_to_fill(language: str) -> None:
    english = {f"{name}.{key}": places(text) for name, part in words("en").items() for key, text in part.items()}
    found = {f"{name}.{key}": places(text) for name, part in words(language).items() for key, text in part.items()}
    assert found == english
    assert all(text.strip() for part in words(language).values() for text in part.values())


def test_every_word_of_the_contract_is_there() -> None:
    assert set(words("en")["kind"]) == set(KINDS)
    assert set(words("en")["certainty"]) == set(CERTAINTIES)
    assert {"first", "certain", "reminder", "unanswered", "undecided", "unclosed"} <= set(words("en")["why"])


def test_a_newer_word_stands_as_it_is_and_a_strange_language_is_russian() -> None:
    assert word("kk", "kind", "flood") == "flood"
    assert word("de", "kind", "fire") == "Пожар"
