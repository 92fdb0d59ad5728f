"""Words for people, by language: centre/texts/kk.toml, ru.toml, en.toml, all with the same keys."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

LANGUAGES = ("kk", "ru", "en")
Words = Mapping[str, Mapping[str, str]]


@cache
def words(language: str) -> Words:
    """By section and key; of a language that there is not, Russian."""
    known = language if language in LANGUAGES else "ru"
    text = resources.files("centre").joinpath("texts", f"{known}.toml").read_text(encoding="utf-8")
    found: Words = tomllib.loads(text)
    return found


def word(language: str, section: str, key: str) -> str:
    """One of them; the key itself where a box has a word that is newer than this centre."""
    return words(language)[section].get(key, key)
