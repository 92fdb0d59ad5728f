"""Words for people, apart from the code: one TOML file per language, chosen by the terminal's locale.

A key that a language lacks is shown in English; a test demands that none lacks any. Instructions of error codes are
in English beside the code that raises them; a language file may translate them under [instruction]. Facts of codes:
agent/texts/facts.py. Forms after numbers: agent/texts/forms.py. Dates, sizes, spans: agent/texts/measures.py.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from agent.texts.forms import filled

LANGUAGES = ("en", "ru", "kk")
_FOLDER = Path(__file__).parent


class Texts:
    """The words of one language: texts("lane.alarm"), texts("story.readings", count=3)."""

    def __init__(self, language: str, words: Mapping[str, str], instructions: Mapping[str, str]) -> None:
        self.language = language
        self._words = words
        self._instructions = instructions

    def __call__(self, key: str, **places: object) -> str:
        text = self._words.get(key, key)
        return filled(self.language, text, places) if places else text

    def knows(self, key: str) -> bool:
        return key in self._words

    def word(self, beginning: str, value: str) -> str:
        """The word of a value whose keys begin so: word("refusal.", "size"); one that is not known as it came."""
        return self._words.get(f"{beginning}{value}", value)

    def fact(self, code: str, what: str) -> str:
        """A fact that came in English with its code; of what is well the code is empty."""
        from agent.texts.facts import fact  # files of their own: most commands need few of them

        return fact(self, code, what)

    def found(self, what: str) -> str:
        """What a found device is called."""
        from agent.texts.facts import found

        return found(self, what)

    def reason(self, english: str) -> str:
        """Why a line of the Pi's own files is wanted."""
        from agent.texts.facts import reason

        return reason(self, english)

    def help(self, english: str) -> str:
        """What `--help` says."""
        from agent.texts.facts import help_text

        return help_text(self, english)

    def instruction(self, code: str, english: str) -> str:
        """What to do about an error code, translated if this language has it."""
        return english if self.language == "en" else self._instructions.get(code) or self.fact(code, english)


def load_texts(language: str | None = None) -> Texts:
    """The words of a language; without one, that of LC_ALL, LC_MESSAGES or LANG; else English."""
    chosen = language or _from_environment()
    chosen = chosen if chosen in LANGUAGES else "en"
    english, found = _read("en"), _read(chosen)
    return Texts(chosen, _flat(english) | _flat(found), _section(found, "instruction"))


def _from_environment() -> str:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name, ""):
            return value[:2].lower()
    return "en"


def _read(language: str) -> dict[str, object]:
    return tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def _section(document: Mapping[str, object], name: str) -> dict[str, str]:
    table = document.get(name, {})
    return {key: str(value) for key, value in table.items()} if isinstance(table, dict) else {}


def _flat(document: Mapping[str, object]) -> dict[str, str]:
    sections = [name for name in document if name != "instruction"]
    return {f"{name}.{key}": text for name in sections for key, text in _section(document, name).items()}
