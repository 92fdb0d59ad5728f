"""Every language has every word, and the locale chooses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from agent import texts
from agent.pipelines.watch import Detects

FOLDER = Path(texts.__file__).parent


def keys(language: str) -> set[str]:
    document = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}" for section, table in document.items() if section != "instruction" for key in table}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_no_language_lacks_a_word(language: str) -> None:
    assert keys(language) == keys("en")


@pytest.mark.parametrize("detector", Detects)
def test_every_detector_has_a_word(detector: Detects) -> None:
    assert f"detector.{detector.value}" in keys("en")


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"LANG": "ru_RU.UTF-8"}, "тревоги"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "kk_KZ.UTF-8"}, "дабылдар"),
        ({"LANG": "C"}, "alarms"),
        ({}, "alarms"),
    ],
)
def test_the_locale_chooses(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], word: str) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert texts.load_texts()("lane.alarm") == word


def test_an_unknown_key_shows_itself() -> None:
    assert texts.load_texts("en")("no.such") == "no.such"


def test_a_word_that_is_not_known_is_told_as_it_came() -> None:
    say = texts.load_texts("ru")
    assert say.word("config.by_", "centre") == say("config.by_centre")
    assert say.word("config.by_", "olga") == "olga"


def test_an_instruction_falls_back_to_english() -> None:
    assert texts.load_texts("kk").instruction("R-999", "Check the plug.") == "Check the plug."


SAYS_IT_ITSELF = {  # the instruction names what to run, end or write
    *("D-101", "D-104", "D-105", "R-180", "S-110", "H-191", "X-104", "X-111", "X-116", "X-117"),
}
PAGE = (FOLDER.parents[1] / "docs/errors.md").read_text(encoding="utf-8")
CODES = set(re.findall(r"^\| ([ADEFGHLMNPRSTUV]-\d{3}|X-[12]\d\d) \|", PAGE, re.MULTILINE))


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_every_instruction_of_a_box_is_translated(language: str) -> None:
    translated = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))["instruction"]
    assert set(translated) == CODES - SAYS_IT_ITSELF
