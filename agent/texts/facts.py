"""Facts in the reader's language. A fact travels in English, with its code: in events, the history and `--json`.

Here it is told: agent/texts/facts/ has for each code the facts that it is raised with, their places named, and how
they read in each language. What fits none of them is shown as it came: words of libraries, facts of another version.

Shape   [P-104]  "{path} went away: {error}" = {ru = "…", kk = "…", en = "…"}; en only where a form follows a number.
Places  are told, too: moments, states, words of the system (words.toml); never what somebody chose, as AS_THEY_ARE.
        One that is called as a section of the language files (SECTIONS), `{lane}`, has its words there; what a
        setting `{means}` has them in settings.toml, which nothing else reads; of a `{choice}` each one is told.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol

from agent.texts.forms import filled
from agent.texts.measures import Language, day, moment

FOLDER = Path(__file__).parent / "facts"
AS_THEY_ARE = ("name", "names", "path", "file", "host", "camera", "zone", "text", "id", "school", "word")
SECTIONS = ("source", "link", "lane", "detector", "contact")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
CODE = re.compile(r"[A-Z]-\d{3}")
CODED = re.compile(r"([A-Z]-\d{3}) (.+)", re.DOTALL)
# whose it is: a device, or a file, a setting, its value
OF_A_THING = re.compile(r"(/?\w[\w./\[\]-]*(?: [\w.\[\]-]+)?(?: = .+?)?): (.+)", re.DOTALL)
PLACE = re.compile(r"\{(\w+)\}")
WELL, WORDS, HELP, SETTINGS = "well", "words", "help", "settings"
FOUND, FIRMWARE = "found", "firmware"
MEANS, CHOICE, OR = "means", "choice", " or "


class Template:
    """One fact, as it is raised and as it is told."""

    def __init__(self, english: str, told: dict[str, str]) -> None:
        self._parts = PLACE.split(english)  # literal, place, literal, …
        self.literal = sum(map(len, self._parts[::2]))
        self.told = {"en": english, **told}

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = (f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(self._parts))
        return re.compile("".join(parts), re.DOTALL)


class Templates:
    """All of one code. Nothing says more of a fact than the one that is the fact itself; then the most literal goes."""

    def __init__(self, rows: dict[str, dict[str, str]]) -> None:
        self._whole = {english: Template(english, told) for english, told in rows.items() if not PLACE.search(english)}
        others = (Template(english, told) for english, told in rows.items() if english not in self._whole)
        self._others = sorted(others, key=lambda one: -one.literal)

    def __iter__(self) -> Iterator[Template]:
        return iter((*self._whole.values(), *self._others))

    def fit(self, what: str) -> tuple[Template, dict[str, str]] | None:
        """The one that a fact is told by, and what stands in its places."""
        if whole := self._whole.get(what):
            return whole, {}
        found = ((one, one.pattern.fullmatch(what)) for one in self._others)
        return next(((one, match.groupdict()) for one, match in found if match), None)


class Words(Language, Protocol):
    """What is needed of agent.texts.Texts."""

    def knows(self, key: str) -> bool: ...


@cache
def templates(file: str) -> dict[str, Templates]:
    """By code."""
    path = FOLDER / f"{file}.toml"
    document = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {code: Templates(rows) for code, rows in document.items()}


@cache
def settings() -> dict[str, dict[str, str]]:
    """What each setting is: by the English beside it, in the other languages."""
    told: dict[str, dict[str, str]] = tomllib.loads((FOLDER / f"{SETTINGS}.toml").read_text(encoding="utf-8"))[SETTINGS]
    return told


def fact(say: Words, code: str, what: str) -> str:
    """The fact of a code, told; of what is well the code is empty."""
    if (told := _told(say, code, what)) is not None:
        return told
    if (thing := OF_A_THING.fullmatch(what)) and (told := _told(say, code, thing[2])) is not None:
        return f"{thing[1]}: {told}"
    return what


def found(say: Words, what: str) -> str:
    """What a found device is called."""
    return fact(say, FOUND, what)


def reason(say: Words, english: str) -> str:
    """Why a line of the Pi's own files is wanted."""
    return fact(say, FIRMWARE, english)


def help_text(say: Words, english: str) -> str:
    """What `--help` says of a command or an option."""
    return _told(say, HELP, english) or english


def file_of(code: str) -> str:
    """That of its letter; what is well, and what stands beside no code, has a file of its own."""
    return code[:1] if CODE.fullmatch(code) else code or WELL


def _told(say: Words, code: str, what: str) -> str | None:
    known = templates(file_of(code)).get(code or WELL)
    return _filled(say, code, known.fit(what)) if known else None


def _filled(say: Words, code: str, found: tuple[Template, dict[str, str]] | None) -> str | None:
    if found is None:
        return None
    one, places = found
    told = {name: value if name in AS_THEY_ARE else _place(say, code, name, value) for name, value in places.items()}
    return filled(say.language, one.told.get(say.language, one.told["en"]), told)


def _place(say: Words, code: str, name: str, value: str) -> str:
    """What stands in a place of a fact."""
    if code == FOUND:  # a device's own words are no words of the system
        return found(say, value)
    if name == MEANS:
        return settings().get(value, {}).get(say.language, value)
    if name == CHOICE:
        return _place(say, WORDS, "", OR).join(_place(say, WORDS, "", one) for one in value.split(OR))
    if name in SECTIONS and say.language != "en" and say.knows(f"{name}.{value}"):
        return say(f"{name}.{value}")
    if (told := _when(say, value)) is not None:
        return told
    if coded := CODED.fullmatch(value):
        return f"{coded[1]} {fact(say, coded[1], coded[2])}"
    told = _filled(say, WORDS, templates(WORDS)[WORDS].fit(value))
    if told is None and code != WORDS:
        told = _told(say, code, value)
    return value if told is None else told


def _when(say: Words, value: str) -> str | None:
    """A moment or a day; None if it is neither, also where it only looks so."""
    try:
        if MOMENT.fullmatch(value):
            return moment(say, value)
        return day(say, date.fromisoformat(value)) if DAY.fullmatch(value) else None
    except (ValueError, OverflowError):
        return None
